package main

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/bench/internal/calls"
	"github.com/go3s/rules_go3s/bench/internal/govulncheck"
	"github.com/go3s/rules_go3s/bench/internal/measure"
	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/policy"
)

// format is the version of the results: others are made again.
const format = 5

// A result is what came of one program.
type result struct {
	Format  int
	Key     string // of the program
	Archs   []string
	Name    string
	Version string
	Go      string // release
	Rules   string // commit of rules_go3s
	Date    string
	Seconds int    // wall time of Bazel
	Failed  string // why there is no more than this; "" when there is
	Errors  string // what Bazel said when not everything was built and passed
	// Unmeasured is why Start and Peak of the files are missing: mostly that the program ends with another status than 0.
	Unmeasured string
	Files      []file
	Compare    []finding
}

// A file is a program built in one way for one architecture.
type file struct {
	Mode, Arch string // mode "go build", or one of modes
	Size       int64
	Missing    bool   // it was not built
	Run        string // how what it does differs from what go build's does; "" when it does not
	// Functions is how many govulncheck finds, for files for this machine; Lost says which of go build's it does not.
	Functions int
	// Start is the least time from exec to exit of startRounds starts with the first command line, and Peak the largest
	// resident set of one, in bytes: of files for this machine.
	Start    time.Duration
	Peak     int64
	Lost     string
	Calls    string    // how its list of system calls differs from that of go build's; "" when it does not
	Modules  string    // how the modules in the build information differ from those in go build's; "" when they do not
	Findings []finding // of linkcheck: errors
}

// A finding is an error that a report holds, about files of one mode.
type finding struct{ Mode, Arch, Rule, Subject, Detail string }

const goBuild = "go build"

// maker makes results.
type maker struct {
	work, results string // directories
	rules, commit string
	govulncheck   string
	archs         []string
	options       []string // of bazel build
}

func (m *maker) resultPath(p program) string { return filepath.Join(m.results, p.Name+".json") }

// current returns the result for p if it is there and was made from what p says now.
func (m *maker) current(p program) (*result, error) {
	data, err := os.ReadFile(m.resultPath(p))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r result
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w: remove it", m.resultPath(p), err)
	}
	if r.Format != format || r.Key != p.key() || r.Go != runtime.Version() || !slices.Equal(r.Archs, m.archs) {
		return nil, nil
	}
	return &r, nil
}

// make builds and tries p and stores the result. What is wrong with the program or the rules is in the result; the error is about this
// machine.
func (m *maker) make(p program) (*result, error) {
	dir := filepath.Join(m.work, p.Name)
	r := &result{
		Format: format, Key: p.key(), Archs: m.archs, Name: p.Name, Version: p.Version, Go: runtime.Version(), Rules: m.commit,
		Date: time.Now().Format(time.DateOnly),
	}
	log, err := os.Create(filepath.Join(m.work, p.Name+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	b := &bazel{wrapper: filepath.Join(m.rules, "bazelw"), dir: filepath.Join(dir, "workspace"), base: filepath.Join(dir, "output"), log: log}
	if _, err := os.Stat(b.base); err == nil { // of a run that was ended: Bazel may still serve it
		if err := b.remove(); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(b.dir, 0o777)); err != nil {
		return nil, err
	}
	if err := m.fill(r, p, b, dir); err != nil {
		r.Failed = err.Error()
	}
	if err := errors.Join(b.remove(), os.RemoveAll(dir)); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return nil, err
	}
	return r, atomicfile.Write(m.resultPath(p), 0o666, append(data, '\n'))
}

// fill fills in r. The error says why p cannot be judged.
func (m *maker) fill(r *result, p program, b *bazel, dir string) error {
	w := &workspace{dir: b.dir, rules: m.rules, p: p, archs: m.archs}
	if err := w.write(); err != nil {
		return err
	}
	wants := map[string]*wanted{}
	run := &runner{dir: filepath.Join(dir, "run"), p: p}
	for _, arch := range m.archs {
		f := file{Mode: goBuild, Arch: arch}
		var err error
		if wants[arch], err = m.goBuild(&f, w, run, filepath.Join(dir, "go_build_"+arch)); err != nil {
			return fmt.Errorf("go build for %s: %w", arch, err)
		}
		r.Files = append(r.Files, f)
	}
	target, err := b.binary(repository(p.Module), p.Package)
	if err != nil {
		return err
	}
	if err := w.writeBuild(target); err != nil {
		return err
	}
	start := time.Now()
	if err := b.buildAll(m.options...); err != nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
			return err
		}
		r.Errors = err.Error()
	}
	r.Seconds = int(time.Since(start).Seconds())
	files, err := b.files(m.options...)
	if err != nil {
		return errors.Join(err, errors.New(r.Errors))
	}
	for _, mode := range modes {
		for _, arch := range m.archs {
			f := file{Mode: mode.name, Arch: arch}
			if err := m.inspect(&f, files, run, wants[arch]); err != nil {
				return fmt.Errorf("%s for %s: %w", mode.name, arch, err)
			}
			r.Files = append(r.Files, f)
		}
		report := files[mode.name+".compare.json"]
		if report == "" { // for one architecture, and where the rule makes none
			continue
		}
		found, err := findings(report, mode.name)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // r.Errors says why it was not made
			return err
		}
		r.Compare = append(r.Compare, found...)
	}
	if err := r.measure(files, filepath.Join(dir, "go_build_"+runtime.GOARCH), p.runs()[0][0]); err != nil {
		r.Unmeasured = err.Error()
	}
	return nil
}

// startRounds is how often a program is started.
const startRounds = 20

// measure fills in how long the files for this machine take to start with arg, and in how much memory.
func (r *result) measure(files map[string]string, goBuilt, arg string) error {
	var paths []string
	var measured []*file
	for i := range r.Files {
		if f := &r.Files[i]; f.Arch == runtime.GOARCH && !f.Missing {
			path := goBuilt
			if f.Mode != goBuild {
				path = files[f.Mode+"_linux_"+f.Arch]
			}
			paths, measured = append(paths, path), append(measured, f)
		}
	}
	starts, err := measure.StartAll(startRounds, true, arg, paths)
	if err != nil {
		return err
	}
	for i, f := range measured {
		f.Start = slices.Min(starts[i].Times)
		memory, err := measure.MemoryOf(paths[i], arg)
		if err != nil {
			return err
		}
		f.Peak = memory.Peak
	}
	return nil
}

// wanted is what the rules' files are compared with.
type wanted struct {
	outcome   string
	modules   []string
	calls     []string
	functions []string // of files for this machine
}

// goBuild builds the program by go build to path, and once more with symbols for govulncheck.
func (m *maker) goBuild(f *file, w *workspace, run *runner, path string) (*wanted, error) {
	if _, err := build.Go(w.dir, f.Arch, "build", "-trimpath", "-ldflags=-s -w", "-o", path, w.p.pkg()); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	f.Size = info.Size()
	var want wanted
	if want.modules, err = modules(path); err != nil {
		return nil, err
	}
	if want.calls, err = calls.Of(path); err != nil {
		return nil, err
	}
	if want.outcome, err = run.outcome(path, f.Arch); err != nil {
		return nil, err
	}
	again, err := run.outcome(path, f.Arch) // what changes from run to run compares with nothing
	if err == nil && again != want.outcome {
		err = fmt.Errorf("two runs of the program differ: %s", difference(want.outcome, again))
	}
	if err != nil || f.Arch != runtime.GOARCH {
		return &want, err
	}
	symbols := path + ".symbols"
	if _, err := build.Go(w.dir, f.Arch, "build", "-trimpath", "-ldflags=-w", "-o", symbols, w.p.pkg()); err != nil {
		return nil, err
	}
	want.functions, err = govulncheck.Functions(m.govulncheck, symbols)
	f.Functions = len(want.functions)
	return &want, err
}

// modules returns the modules that the build information of a program names, the main one first.
func modules(path string) ([]string, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := []string{"main " + info.Main.Path + " " + info.Main.Version}
	for _, d := range info.Deps {
		line := "dep " + d.Path + " " + d.Version
		if d.Replace != nil {
			line += " => " + d.Replace.Path + " " + d.Replace.Version
		}
		out = append(out, line)
	}
	return out, nil
}

// missing says which elements of want are not in got, "" if all are.
func missing(want, got []string) string {
	have := map[string]bool{}
	for _, s := range got {
		have[s] = true
	}
	lost := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return have[s] })
	if len(lost) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d, %s first", len(lost), len(want), lost[0])
}

// differs says in what got is not want, "" if it is.
func differs(want, got []string) string {
	if lost := missing(want, got); lost != "" {
		return lost
	}
	if more := missing(got, want); more != "" {
		return "more than go build's: " + more
	}
	return ""
}

// hasNoPackage reports whether no vulnerability can be about a function, since it is in no package: the entry of go build's programs,
// in the place of which golink has its own, and ends of names, which govulncheck finds where it reads on after an inline tree (it sees
// "IntValue" in CoreDNS, which has no such function).
func hasNoPackage(function string) bool { return strings.HasPrefix(function, ".") }

// inspect fills in what the rules' file is, of those in files.
func (m *maker) inspect(f *file, files map[string]string, run *runner, want *wanted) error {
	name := f.Mode + "_linux_" + f.Arch
	path := files[name]
	if path == "" {
		return errors.New("the rule has no such output")
	}
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		f.Missing = true
		return nil
	}
	if err != nil {
		return err
	}
	f.Size = info.Size()
	for range 2 { // a server may get its signal before it is ready for it: what counts is what comes again
		got, err := run.outcome(path, f.Arch)
		if f.Run = difference(want.outcome, got); err != nil {
			f.Run = err.Error()
		}
		if f.Run == "" {
			break
		}
	}
	got, err := modules(path)
	if err != nil {
		return err
	}
	f.Modules = differs(want.modules, got)
	if got, err = calls.Of(path); err != nil {
		return err
	}
	chance := func(s string) bool { return calls.Coincidence(s) && !slices.Contains(got, s) }
	f.Calls = differs(slices.DeleteFunc(slices.Clone(want.calls), chance), got)
	if f.Arch == runtime.GOARCH && f.Mode != "packed" { // of packed files govulncheck sees modules alone
		functions, err := govulncheck.Functions(m.govulncheck, path)
		f.Functions = len(functions)
		if f.Lost = missing(slices.DeleteFunc(slices.Clone(want.functions), hasNoPackage), functions); err != nil {
			f.Lost = strings.ReplaceAll(err.Error(), path, f.Mode)
		}
	}
	f.Findings, err = findings(files[name+".linkcheck.json"], f.Mode)
	return err
}

// findings returns the errors in a report.
func findings(path, mode string) ([]finding, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var report policy.Report
	if err := json.Unmarshal(data, &report); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(report.Files) == 0 {
		return nil, fmt.Errorf("%s: a report about no file", path)
	}
	var out []finding
	for _, f := range report.Files {
		for _, rule := range f.Rules {
			if rule.Severity != policy.Error {
				continue
			}
			for _, x := range rule.Findings {
				out = append(out, finding{mode, f.GOARCH, rule.ID, short(x.Subject), short(x.Detail)})
			}
			if rule.Omitted > 0 {
				out = append(out, finding{mode, f.GOARCH, rule.ID, fmt.Sprintf("%d more", rule.Omitted), ""})
			}
		}
	}
	return out, nil
}
