package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/bench/internal/calls"
)

// A release is one that is being tested.
type release struct {
	*bench
	name, dir, goroot string
	command           build.Command
	source            string              // directory of the test program
	want              string              // what it prints
	args              map[string][]string // flags of golink by architecture
	calls             map[string][]string // system calls by architecture, of the first mode
}

// A mode is how a program is linked, with the profiles of linkcheck that hold for it.
type mode struct {
	name, golink string // golink's build mode; "" for go build
	profile      string
}

var modes = []mode{
	{"golink, fixed address", "exe", "nolibc"},
	{"golink, static PIE", "static-pie", "nolibc-pie"},
	{"go build", "", "nolibc"},
}

// A subject is the test program of one row.
type subject struct {
	*release
	arch  string
	mode  mode
	path  string            // linked
	crash string            // its traceback
	forms map[string]string // paths of what elfstrip made of it
}

// steps are done in this order. What is needed by all that follow is done first.
var steps = []struct {
	name   string
	needed bool // if it fails, no other step is done
	do     func(*subject) error
}{
	{"link", true, (*subject).link},
	{"start", true, (*subject).starts},
	{"build info", false, (*subject).buildInfo},
	{"linkcheck", false, (*subject).linkcheck},
	{"`full`", false, func(s *subject) error { return s.traceback("full") }},
	{"`functions`", false, func(s *subject) error { return s.traceback("functions") }},
	{"`external`", false, func(s *subject) error { return s.traceback("external") }},
	{"packed", false, (*subject).packed},
	{"system calls", false, (*subject).systemCalls},
}

// all does all steps of a release.
func (r *release) all(t *table) releaseRow {
	out := releaseRow{name: r.name, sdkcheck: r.sdkcheck()}
	report(r.name, "sdkcheck", out.sdkcheck)
	std := filepath.Join(r.dir, "std.txt")
	stdErr := r.tool("linkcheck", "stdtable", "-o", std, r.goroot)
	for _, m := range modes {
		var files []string
		for _, arch := range r.archs {
			s := &subject{release: r, arch: arch, mode: m, path: filepath.Join(r.dir, m.golink+"-"+arch), forms: map[string]string{}}
			row := row{release: r.name, arch: arch, mode: m.name}
			stopped := false
			for _, step := range steps {
				err := errNotDone
				if !stopped {
					err = step.do(s)
				}
				stopped = stopped || step.needed && err != nil
				row.cells = append(row.cells, err)
				report(r.name+" "+arch+" "+m.name, step.name, err)
			}
			t.rows = append(t.rows, row)
			files = append(files, s.path)
		}
		err := errNotDone
		if len(files) > 1 {
			if err = stdErr; err == nil {
				err = r.tool("linkcheck", append([]string{"compare", "--std-table", std}, files...)...)
			}
		}
		report(r.name+" "+m.name, "compare", err)
		out.compare = append(out.compare, err)
	}
	return out
}

// errNotDone is of a step that needs another one, which failed, or architectures that were not asked for.
var errNotDone = errors.New("not done")

func failed(err error) bool { return err != nil && err != errNotDone }

// report says at once what failed: a run takes a long time.
func report(subject, step string, err error) {
	if failed(err) {
		fmt.Fprintf(os.Stderr, "%s: %s: %v\n", subject, step, err)
	}
}

// tool runs one of ours. The error has what it printed.
func (b *bench) tool(name string, args ...string) error {
	out, err := exec.Command(b.tools[name], args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// verdict is the file that sdkcheck writes and other tools read.
func (r *release) verdict() string { return filepath.Join(r.dir, "verdict.json") }

func (r *release) sdkcheck() error {
	if err := r.tool("linkcheck", "sdkcheck", "--format=json", "--report-only", "-o", r.verdict(), r.goroot); err != nil {
		return err
	}
	return r.tool("linkcheck", "sdkcheck", r.goroot) // its text says what differs
}

func (s *subject) link() (err error) {
	if s.mode.golink == "" {
		_, err = s.command.Run(s.source, s.arch, "build", "-trimpath", "-o", s.path)
		return err
	}
	args := s.args[s.arch]
	if args == nil {
		if args, err = s.command.Compile(s.source, s.arch); err != nil {
			return err
		}
		s.args[s.arch] = args
	}
	return s.tool("golink", append(slices.Clone(args), "--buildmode="+s.mode.golink, "--sdk-verdict="+s.verdict(), "-o", s.path)...)
}

func (s *subject) starts() (err error) {
	if err := s.work(s.path); err != nil {
		return err
	}
	if s.crash, err = s.panic(s.path); err != nil {
		return err
	}
	wants := []string{"main.task[...].run(", "main.crash.func2(...)", "releases.test/goroutines.go:"}
	if s.is127() {
		wants = append(wants, "goroutine 1 [running] {path: panic}:\n")
	}
	for _, want := range wants {
		if !strings.Contains(s.crash, want) {
			return fmt.Errorf("panic: want %q in the traceback:\n%s", want, s.crash)
		}
	}
	return nil
}

// version returns what go version -m of the release prints of a file.
func (s *subject) version(path string) (string, error) {
	out, err := s.command.Run("", "", "version", "-m", path)
	return strings.TrimPrefix(string(out), path), err
}

func (s *subject) buildInfo() error {
	info, err := buildinfo.ReadFile(s.path)
	if err != nil {
		return err
	}
	printed, err := s.version(s.path)
	if err != nil {
		return err
	}
	if info.Path != "releases.test" || info.GoVersion != "go"+s.name {
		return fmt.Errorf("debug/buildinfo reads path %q and version %q, want releases.test and go%s", info.Path, info.GoVersion, s.name)
	}
	for _, want := range []string{
		": go" + s.name + "\n", "\tpath\treleases.test\n", "\tCGO_ENABLED=0\n", "\tGOARCH=" + s.arch + "\n", "\t-trimpath=true\n",
	} {
		if !strings.Contains(printed, want) {
			return fmt.Errorf("go version -m: want %q in\n%s", want, printed)
		}
	}
	return nil
}

func (s *subject) linkcheck() error {
	return s.tool("linkcheck", "--profile="+s.mode.profile, "--goarch="+s.arch, "--sdk-verdict="+s.verdict(), s.path)
}

// form returns a new form of the program, made by elfstrip, which does as much as the linked one does.
func (s *subject) form(name string, args ...string) (string, error) {
	path := s.path + "." + name
	if err := s.tool("elfstrip", append(args, "-o", path, s.path)...); err != nil {
		return "", err
	}
	if err := s.work(path); err != nil {
		return "", err
	}
	linked, err := s.version(s.path)
	if err != nil {
		return "", err
	}
	if got, err := s.version(path); err != nil || got != linked {
		return "", cmpError(err, "go version -m", got, linked)
	}
	s.forms[name] = path
	return path, nil
}

func cmpError(err error, what, got, want string) error {
	if err == nil && got != want {
		err = fmt.Errorf("%s: %s", what, difference(got, want))
	}
	return err
}

func (s *subject) traceback(tier string) error {
	symbols := s.path + ".symbols"
	args := []string{"--traceback=" + tier, "--sdk-verdict=" + s.verdict()}
	if tier == "external" {
		args = append(args, "--symbols-file="+symbols)
	}
	path, err := s.form(tier, args...)
	if err != nil {
		return err
	}
	got, err := s.panic(path)
	if err != nil {
		return err
	}
	if tier == "external" {
		cmd := exec.Command(s.tools["symbolize"], "--symbols="+symbols)
		cmd.Stdin = strings.NewReader(got)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("symbolize: %w: %s", err, out)
		}
		if strings.Contains(got, "main.") || strings.Contains(got, "goroutines.go") {
			return fmt.Errorf("the traceback has names:\n%s", got)
		}
		got = string(out)
	}
	arguments, lines := tier == "full", tier != "functions"
	return cmpError(nil, "traceback", mask(got, arguments, true), mask(s.crash, arguments, lines))
}

func (s *subject) packed() error {
	path, err := s.form("packed", "--pack=lz4")
	if err != nil {
		return err
	}
	stripped, unpacked := s.path+".stripped", s.path+".unpacked"
	if err := errors.Join(s.tool("elfstrip", "-o", stripped, s.path), s.tool("elfstrip", "--unpack", "-o", unpacked, path)); err != nil {
		return err
	}
	want, err1 := os.ReadFile(stripped)
	got, err2 := os.ReadFile(unpacked)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("unpacked to %d bytes, which are not the %d that were packed", len(got), len(want))
	}
	return nil
}

// systemCalls compares the lists of all forms, and those of all modes.
func (s *subject) systemCalls() error {
	linked, err := calls.Of(s.path)
	if err != nil {
		return err
	}
	if n := slices.IndexFunc(linked, isDynamic); n >= 0 || len(linked) == 0 {
		return fmt.Errorf("%d system calls, dynamic site %s", len(linked), linked[max(n, 0):])
	}
	if s.calls[s.arch] == nil {
		s.calls[s.arch] = linked
	}
	if want := s.calls[s.arch]; !slices.Equal(linked, want) {
		return fmt.Errorf("lists %v, in the first mode %v", linked, want)
	}
	for name, path := range s.forms {
		got, err := calls.Of(path)
		if err != nil {
			return err
		}
		if name == "external" {
			// It has no name by which the call of syscall.AllThreadsSyscall could be known: docs/syscalls.md.
			all := len(got)
			if got = slices.DeleteFunc(got, isDynamic); all-len(got) > 1 {
				return fmt.Errorf("%s: %d dynamic sites, want 1", name, all-len(got))
			}
		}
		if !slices.Equal(got, linked) {
			return fmt.Errorf("%s: lists %v, linked %v", name, got, linked)
		}
	}
	return nil
}

func isDynamic(call string) bool { return strings.HasPrefix(call, calls.Dynamic) }
