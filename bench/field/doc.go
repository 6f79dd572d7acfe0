package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// commit returns the commit of the checkout at dir, with a mark where files differ from it.
func commit(dir string) (string, error) {
	git := exec.Command("git", "-C", dir, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
	git.Stderr = os.Stderr
	out, err := git.Output()
	return strings.TrimSpace(string(out)), err
}

// A problem is a line of the document's list.
type problem struct{ what, subject, detail string }

func (p problem) String() string { return p.what + ": " + p.subject + ": " + p.detail }

// problems returns what is wrong, without what p accepts. What comparing architectures finds is wrong when the build fails of it.
func (r *result) problems(p program) []problem {
	var out []problem
	if r.Failed != "" {
		out = append(out, problem{"failed", r.Name, r.Failed})
	}
	for _, f := range r.Files {
		name := f.Mode + " " + f.Arch
		if f.Mode == goBuild {
			continue
		}
		switch {
		case f.Missing:
			out = append(out, problem{"not built", name, "no such file"})
		case f.Run != "":
			out = append(out, problem{"does something else", name, f.Run})
		}
		if f.Lost != "" {
			out = append(out, problem{"govulncheck does not see", name, f.Lost})
		}
		if f.Calls != "" {
			out = append(out, problem{"system calls", name, f.Calls})
		}
		if f.Modules != "" {
			out = append(out, problem{"modules", name, f.Modules})
		}
	}
	if r.Errors != "" {
		out = append(out, problem{"build fails", r.Name, r.Errors})
	}
	for _, x := range r.linkcheck() {
		if p.reason(x) == "" {
			out = append(out, problem{x.Rule, x.Mode + " " + x.Arch + ": " + x.Subject, x.Detail})
		}
	}
	return out
}

// linkcheck returns the findings about files.
func (r *result) linkcheck() []finding {
	var out []finding
	for _, f := range r.Files {
		out = append(out, f.Findings...)
	}
	return out
}

// reason returns why p accepts a finding, "" if it does not.
func (p program) reason(x finding) string {
	for _, a := range p.Accepted {
		if a.Rule == x.Rule && a.Subject == x.Subject {
			return a.Reason
		}
	}
	return ""
}

// file returns the file of that mode and architecture, nil if there is none.
func (r *result) file(mode, arch string) *file {
	i := slices.IndexFunc(r.Files, func(f file) bool { return f.Mode == mode && f.Arch == arch })
	if i < 0 || r.Files[i].Missing {
		return nil
	}
	return &r.Files[i]
}

// writeDoc writes the document from all current results.
func (m *maker) writeDoc(path string) error {
	var rows, list, differ strings.Builder
	var built []*result
	clean := 0 // programs in which comparing finds nothing
	for _, p := range programs {
		r, err := m.current(p)
		if err != nil {
			return err
		}
		if r == nil {
			continue
		}
		built = append(built, r)
		r.writeRows(&rows)
		r.writeProblems(&list, p)
		if !r.writeDifferences(&differ) {
			clean++
		}
	}
	if len(built) == 0 {
		return fmt.Errorf("%s: no results to write to it", path)
	}
	var doc strings.Builder
	fmt.Fprintf(&doc, `# Third-party programs

<!-- Made by `+"`go run ./bench/field -doc docs/evidence/field.md`"+`. -->

Well-known programs, each built as somebody would who only has its name: a go.mod that requires it, Gazelle's go_deps, and
one target for each rule, for three architectures. Written by `+"`go run ./bench/field -doc %s`"+`, which says how; %d of %d programs,
%s, rules_go3s at %s.

Sizes are bytes. "go build" is `+"`CGO_ENABLED=0 go build -trimpath -ldflags=\"-s -w\"`"+` of the same modules. "runs" says whether all four files print and answer
what go build's does: versions, help texts, for servers a request over loopback and SIGTERM; foreign ones under qemu-user. "functions" are
how many govulncheck %s sees in the static file and in go build's with symbols, where it also sees the entry, for which the rules have
their own, and in large programs the end of a name, which is no function. linkcheck counts error findings, compare what it would fail a
build for where the rule says `+"`compare = \"strict\"`"+`, which these do not; the lists below have them, and say where the list of system calls
of a mode is not that of go build's file. "start" and "memory" are of the static file, the static PIE and the packed one as multiples of
go build's: the least time from exec to exit of %d starts in turn, with the first command line of "runs",
and the largest resident set; empty where that command line does not end with status 0.

| program | for | go build | static | static PIE | nolibc | packed PIE | runs | start | memory | functions | linkcheck | compare |
|---|---|---:|---:|---:|---:|---:|---|---|---|---|---:|---:|
`, path, len(built), len(programs), versions(built, func(r *result) string { return r.Go }),
		versions(built, func(r *result) string { return r.Rules }), vulnVersion, startRounds)
	doc.WriteString(rows.String())
	if list.Len() > 0 {
		doc.WriteString("\n## Findings\n" + list.String())
	}
	if differ.Len() > 0 {
		fmt.Fprintf(&doc, `
## Differences between machines

`+"`linkcheck compare`"+` finds nothing without an explanation in %d of %d programs. In the others, by package, what it leaves for somebody to look at: how many findings of
each rule, the first of them, and what the sources say where we have looked.
%s`, clean, len(built), differ.String())
	}
	return atomicfile.Write(path, 0o666, []byte(doc.String()))
}

// versions returns the different values of a field.
func versions(results []*result, value func(*result) string) string {
	var out []string
	for _, r := range results {
		out = append(out, value(r))
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// writeRows writes a row for each architecture.
func (r *result) writeRows(w *strings.Builder) {
	for _, arch := range r.Archs {
		fmt.Fprintf(w, "| %s %s | %s |", r.Name, r.Version, arch)
		if r.Failed != "" {
			fmt.Fprintf(w, " failed | | | | | | | | | | |\n")
			continue
		}
		fmt.Fprintf(w, " %d |", r.file(goBuild, arch).Size)
		same := "yes"
		linkcheck, compare := map[[2]string]bool{}, map[[2]string]bool{} // by rule and subject: modes have them in common
		for _, m := range modes {
			f := r.file(m.name, arch)
			if f == nil {
				w.WriteString(" not built |")
				same = "no"
				continue
			}
			fmt.Fprintf(w, " %d |", f.Size)
			if f.Run != "" {
				same = "no"
			}
			for _, x := range f.Findings {
				linkcheck[[2]string{x.Rule, x.Subject}] = true
			}
		}
		for _, x := range r.Compare {
			if x.Arch == arch {
				compare[[2]string{x.Rule, x.Subject}] = true
			}
		}
		start := r.ratios(arch, func(f *file) float64 { return f.Start.Seconds() })
		memory := r.ratios(arch, func(f *file) float64 { return float64(f.Peak) })
		functions := ""
		if static := r.file("static", arch); static != nil {
			if want := r.file(goBuild, arch).Functions; want > 0 {
				functions = fmt.Sprintf("%d, %d", static.Functions, want)
			}
		}
		fmt.Fprintf(w, " %s | %s | %s | %s | %d | %d |\n", same, start, memory, functions, len(linkcheck), len(compare))
	}
}

// ratios returns a figure of the static file, the static PIE and the packed one as multiples of go build's; "" when it was not measured.
func (r *result) ratios(arch string, figure func(*file) float64) string {
	var out []string
	for _, mode := range []string{"static", "pie", "packed"} {
		f := r.file(mode, arch)
		if f == nil || figure(f) == 0 {
			return ""
		}
		out = append(out, fmt.Sprintf("%.2f", figure(f)/figure(r.file(goBuild, arch))))
	}
	return strings.Join(out, ", ")
}

// writeDifferences writes what comparing the architectures found, by package. It reports whether that is anything.
func (r *result) writeDifferences(w *strings.Builder) bool {
	byPackage := map[string][]finding{}
	seen := map[finding]bool{}
	omitted := map[string]int{} // by the reports, by mode
	for _, x := range r.Compare {
		once := x
		var more int
		if n, _ := fmt.Sscanf(x.Subject, "%d more", &more); n == 1 && x.Detail == "" {
			omitted[x.Mode] += more
		} else if once.Mode, once.Arch = "", ""; !seen[once] { // modes have them in common
			seen[once] = true
			pkg := x.pkg()
			byPackage[pkg] = append(byPackage[pkg], x)
		}
	}
	if len(byPackage) == 0 {
		return false
	}
	fmt.Fprintf(w, "\n### %s\n\n", r.Name)
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		all := byPackage[pkg]
		rules := map[string]int{}
		for _, x := range all {
			rules[x.Rule]++
		}
		var counts []string
		for _, rule := range slices.Sorted(maps.Keys(rules)) {
			counts = append(counts, fmt.Sprintf("%d `%s`", rules[rule], rule))
		}
		fmt.Fprintf(w, "- %s: %s. %s", pkg, strings.Join(counts, ", "), short(all[0].Subject+": "+all[0].Detail))
		if reason := knownOf(pkg); reason != "" {
			fmt.Fprintf(w, ". *%s*", reason)
		}
		w.WriteString("\n")
	}
	if most := slices.Max(append(slices.Collect(maps.Values(omitted)), 0)); most > 0 {
		fmt.Fprintf(w, "- %d more, which the report leaves out.", most)
		if reason := known["more of "+r.Name]; reason != "" {
			fmt.Fprintf(w, " *%s*", reason)
		}
		w.WriteString("\n")
	}
	return true
}

// knownOf returns what is known of the package, or of the one that has it below its path.
func knownOf(pkg string) string {
	for ; pkg != ""; pkg = pkg[:max(0, strings.LastIndexByte(pkg, '/'))] {
		if reason := known[pkg]; reason != "" {
			return reason
		}
	}
	return ""
}

// pkg returns the package that a finding of a comparison is about, its subject where that names none.
func (x finding) pkg() string {
	name, _, _ := strings.Cut(x.Subject, " -> ")
	if _, users, ok := strings.Cut(x.Detail, "used by "); ok && x.Rule == "same-strings" {
		user, _, _ := strings.Cut(users, ", ")
		name = strings.TrimPrefix(user[strings.LastIndex(user, " in ")+1:], "in ")
		name = strings.TrimPrefix(name, "data ")
	}
	return cmp.Or(gobin.PackageOf(strings.TrimPrefix(name, "type:.eq.")), name)
}

// short returns what the document shows of a text.
func short(s string) string {
	text := []rune(strings.Join(strings.Fields(s), " "))
	if len(text) > longest {
		text = append(text[:longest], '…')
	}
	return string(text)
}

// longest is how many characters of a finding the document shows.
const longest = 400

// writeProblems writes what the list says about a program.
func (r *result) writeProblems(w *strings.Builder, p program) {
	type line struct{ what, text string }
	var lines []line
	count := map[line]int{}
	add := func(what, text string) {
		l := line{what, short(text)}
		if count[l]++; count[l] == 1 {
			lines = append(lines, l)
		}
	}
	for _, x := range r.problems(p) {
		if !slices.ContainsFunc(r.linkcheck(), func(f finding) bool { return f.Rule == x.what }) {
			add(x.what, x.subject+": "+x.detail)
		}
	}
	for _, x := range r.linkcheck() {
		text := x.Subject + ": " + x.Detail
		if reason := p.reason(x); reason != "" {
			text = x.Subject + ": accepted: " + reason
		}
		add("`"+x.Rule+"`", text)
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n### %s\n\n", r.Name)
	for _, l := range lines {
		fmt.Fprintf(w, "- %s (%d ×): %s\n", l.what, count[l], l.text)
	}
}
