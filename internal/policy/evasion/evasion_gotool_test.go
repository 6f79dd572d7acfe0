// Package evasion holds no code but a test: programs and edits of programs that are made to break what linkcheck claims, each with
// what must be said of it. A row that linkcheck does not see must have a sentence in its documentation that admits it.
package evasion

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/compare"
	"github.com/go3s/rules_go3s/internal/compare/stdtable"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/policy"
	"github.com/go3s/rules_go3s/internal/sizes"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

var update = flag.Bool("update", false, "write the table into docs/linkcheck.md and the text that this is made of")

func TestMain(m *testing.M) { linktest.Main(m) }

// A kind is how linkcheck answers an attack.
type kind string

const (
	finding  kind = "error"    // of the rule that is attacked
	dynamic  kind = "dynamic"  // a dynamic site of linkcheck syscalls
	listed   kind = "listed"   // the call is in the list
	refused  kind = "refused"  // the command ends with an error
	escaped  kind = "escaped"  // the name is on one line
	admitted kind = "admitted" // it is not seen, and the documentation says so
)

// A row is an attack.
type row struct {
	claim  string // a rule, or a command that is no rule
	attack string
	file   func(b *builds) []byte
	kind   kind
	// want is a part of the finding as "subject: detail", of the dynamic site as "function: reason", of the call, of the error, or of the
	// sentence that admits.
	want string
	dir  string                 // of the program, for linkcheck compare
	set  func(p *policy.Policy) // for rules with settings; the profile is nolibc otherwise
}

// builds makes the programs that are attacked, each once.
type builds struct {
	testing.TB
	files map[string][]byte
}

func (b *builds) once(name string, build func() []byte) []byte {
	if _, ok := b.files[name]; !ok {
		b.files[name] = build()
	}
	return b.files[name]
}

// gobuild returns what "go build" makes of a folder.
func (b *builds) gobuild(dir, goarch string, args ...string) []byte {
	return b.once(fmt.Sprint(dir, goarch, args), func() []byte {
		out := filepath.Join(b.TempDir(), "program")
		gotool.Output(b, dir, goarch, append(append([]string{"build", "-trimpath", "-ldflags=-checklinkname=0", "-o", out}, args...), ".")...)
		return read(b, out)
	})
}

// golink returns what golink makes of a folder.
func (b *builds) golink(dir, mode string) []byte {
	return b.once(dir+mode, func() []byte {
		out := filepath.Join(b.TempDir(), "program")
		linktest.Compile(b, "amd64", dir, true).Link(b, mode, out)
		return read(b, out)
	})
}

// std returns the table of the SDK that the programs are built by.
func (b *builds) std() *compare.Std {
	text := b.once("std", func() []byte {
		env := strings.Fields(gotool.Output(b, "", "amd64", "env", "GOROOT", "GOVERSION"))
		text, err := stdtable.Make(env[:1], env[1:])
		if err != nil {
			b.Fatal(err)
		}
		return text
	})
	std, err := compare.ParseStd("std", text)
	if err != nil {
		b.Fatal(err)
	}
	return std
}

func (b *builds) packed(dir string) []byte {
	return b.once(dir+"packed", func() []byte {
		data, err := pack.Pack(parse(b, b.golink(dir, cmdlink.ModeStaticPIE)))
		if err != nil {
			b.Fatal(err)
		}
		return data
	})
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestEvasion: linkcheck says of each attack what its row says, and the table in the documentation has all rows.
func TestEvasion(t *testing.T) {
	rows := slices.Concat(codeRows, headerRows, tableRows, packedRows, otherRows)
	if len(rows) < 40 {
		t.Errorf("there are %d rows, want 40 or more", len(rows))
	}
	// What the attacks are made of breaks nothing, so that what is said of them is due to the attack.
	b := &builds{t, map[string][]byte{}}
	for name, file := range map[string][]byte{"nolibc": b.gobuild(hello, "amd64"), "nolibc-pie": b.golink(hello, cmdlink.ModeStaticPIE), "packed": b.packed(hello),
		"static": b.gobuild(fips, "amd64")} {
		p := mustNew(t, name)
		report := p.Check("test", parse(t, file))
		for _, breach := range report.Verdict("") {
			t.Errorf("the program that is attacked under %s breaks %s: %v", name, breach.Rule, breach.Findings)
		}
	}
	for _, r := range rows {
		t.Run(r.claim+"/"+r.attack, func(t *testing.T) {
			switch data := r.file(b); r.claim {
			case "linkcheck syscalls", "linkcheck syscalls --list":
				r.checkSyscalls(t, data)
			case "linkcheck sizes":
				r.checkSizes(t, data)
			default:
				if strings.HasPrefix(r.claim, "same-") {
					r.checkCompare(t, b, data)
				} else {
					r.checkRule(t, data)
				}
			}
		})
	}
	checkTable(t, table(rows))
}

func mustNew(t testing.TB, profile string) *policy.Policy {
	t.Helper()
	p, err := policy.New(profile)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// judge compares what was said with the row. admits is the documentation of the claim.
func (r *row) judge(t *testing.T, said []string, admits string) {
	t.Helper()
	if r.kind == admitted {
		if len(said) > 0 {
			t.Errorf("it is seen: %q; say so in the row", said)
		}
		if !strings.Contains(oneLine(admits), r.want) {
			t.Errorf("the documentation does not say %q", r.want)
		}
		return
	}
	if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, r.want) }) {
		t.Errorf("linkcheck says %q, want %q", said, r.want)
	}
}

// oneLine joins the lines of a text.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (r *row) checkRule(t *testing.T, data []byte) {
	profile := "nolibc"
	if f := parse(t, data); pack.IsPacked(f) || strings.HasPrefix(r.claim, "packed-") {
		profile = "packed"
	} else if f.Header.Type == 3 {
		profile = "nolibc-pie"
	}
	p := mustNew(t, profile)
	if r.set != nil {
		r.set(p)
	}
	rule, err := policy.RuleByID(r.claim)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	report := p.Check("test", parse(t, data))
	judged := false
	for _, reported := range report.Rules {
		if reported.ID == r.claim {
			judged = reported.Status != policy.NotApplicable
			for _, f := range reported.Findings {
				said = append(said, f.Subject+": "+f.Detail)
			}
		}
	}
	if !judged {
		t.Errorf("the rule was not judged")
	}
	r.judge(t, said, rule.Evidence)
	// "linkcheck fips" and the rule say the same.
	if facts := policy.ReadFIPSFacts(parse(t, data), nil); r.claim == "fips-sum" && r.kind == finding && facts.Integrity == policy.IntegrityRight {
		t.Errorf("linkcheck fips says that the integrity is %s", facts.Integrity)
	}
}

func (r *row) checkSyscalls(t *testing.T, data []byte) {
	report, err := syscalls.Analyze(parse(t, data), "test")
	if r.kind == refused {
		if err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("error %v, want %q in it", err, r.want)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	switch r.kind {
	case dynamic:
		for _, d := range report.Dynamic {
			said = append(said, d.Function+": "+d.Reason)
		}
	case admitted:
		for _, d := range report.Dynamic {
			said = append(said, d.Function+": "+d.Reason)
		}
		for _, c := range report.Calls {
			if c.Name == "getppid" {
				said = append(said, c.Name)
			}
		}
	case listed:
		for _, c := range report.Calls {
			said = append(said, c.Name)
		}
	case escaped:
		for _, d := range report.Dynamic {
			if strings.ContainsAny(d.Function, "\n\r") {
				t.Errorf("the name %q has more than one line", d.Function)
			}
			said = append(said, d.Function)
		}
	}
	r.judge(t, said, string(read(t, "../../../docs/syscalls.md")))
}

func (r *row) checkSizes(t *testing.T, data []byte) {
	f := parse(t, data)
	if s, err := sizes.Of(f, f, sizes.FunctionsOfNone); err == nil || !strings.Contains(err.Error(), r.want) {
		t.Errorf("sizes %v, error %v, want %q in it", s, err, r.want)
	}
}

func (r *row) checkCompare(t *testing.T, b *builds, data []byte) {
	var programs []*compare.Program
	std := b.std()
	for _, file := range [][]byte{data, b.gobuild(r.dir, "arm64"), b.gobuild(r.dir, "riscv64")} {
		p, err := compare.Read("three", parse(t, file), std)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	differences, err := compare.Compare(programs, nil)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, d := range differences {
		if "same-"+string(d.Kind) == r.claim && d.Rule == "" && (r.kind != admitted || strings.Contains(d.Subject, "main.sum")) {
			said = append(said, d.Subject+": "+d.String())
		}
	}
	rule, err := policy.RuleByID(r.claim)
	if err != nil {
		t.Fatal(err)
	}
	r.judge(t, said, rule.Evidence)
}

// table returns the rows in Markdown.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| claim | attack | what linkcheck says |\n|---|---|---|\n")
	escape := func(s string) string {
		return strings.NewReplacer("|", "\\|", "<", "&lt;", "\n", " ").Replace(s)
	}
	for _, r := range rows {
		claim := "`" + r.claim + "`"
		if !strings.HasPrefix(r.claim, "linkcheck ") {
			claim = fmt.Sprintf("[`%s`](#%s)", r.claim, r.claim)
		}
		says := map[kind]string{finding: "error: ", dynamic: "dynamic site: ", listed: "the call is listed: ", refused: "refused: ", escaped: "the name on one line: ", admitted: "not seen, as its words say: "}[r.kind]
		fmt.Fprintf(&b, "| %s | %s | %s%s |\n", claim, escape(r.attack), says, escape(r.want))
	}
	return b.String()
}

// checkTable compares the table with that of the documentation, or writes it there.
func checkTable(t *testing.T, table string) {
	for _, file := range []string{"../../../tools/linkcheck/reference.md", "../../../docs/linkcheck.md"} {
		const begin, end = "<!-- attacks: table -->\n", "<!-- attacks: end of table -->"
		text := read(t, file)
		before, rest, ok := bytes.Cut(text, []byte(begin))
		old, after, ok2 := bytes.Cut(rest, []byte(end))
		switch {
		case !ok || !ok2:
			t.Errorf("%s has no place for the table", file)
		case string(old) == table:
		case !*update:
			t.Errorf("the table in %s is out of date: run go test ./internal/policy/evasion -update", file)
		default:
			if err := os.WriteFile(file, slices.Concat(before, []byte(begin), []byte(table), []byte(end), after), 0o666); err != nil {
				t.Error(err)
			}
		}
	}
}
