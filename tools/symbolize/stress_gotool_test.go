package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/pcln"
)

func TestMain(m *testing.M) { linktest.Main(m) }

// crashes are the arguments with which the program crashes.
var crashes = []string{"panic", "nil", "index", "wrapper", "fatal", "quit", "deep", "goroutine"}

// The program does the same in every tier, and its tracebacks and profiles, once
// symbolized, are those that it has with all tables.
func TestStress(t *testing.T) {
	dir := t.TempDir()
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		t.Run(goarch, func(t *testing.T) {
			program := linktest.Compile(t, goarch, "testdata/stress", true)
			for _, mode := range []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE} {
				path := filepath.Join(dir, goarch+"-"+mode)
				program.Link(t, mode, path)
				t.Run(mode, func(t *testing.T) { testTiers(t, goarch, path) })
			}
		})
	}
}

func testTiers(t *testing.T, goarch, path string) {
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	side := path + ".symbols"
	last := f.Data
	for _, tier := range []pcln.Tier{pcln.Full, pcln.Functions, pcln.Symbolized} {
		data, symbols, err := pcln.Compact(f, tier, false)
		if err != nil {
			t.Fatal(err)
		}
		// On machines with large pages a file shrinks by whole pages.
		if len(data) > len(last) || tier == pcln.Symbolized && len(data) > len(f.Data)*9/10 {
			t.Errorf("%v has %d bytes, after %d", tier, len(data), len(last))
		}
		last = data
		write(t, path+"."+tier.String(), data)
		if symbols != nil {
			b, err := symbols.Encode()
			if err != nil {
				t.Fatal(err)
			}
			write(t, side, b)
		}
	}

	want, _ := start(t, goarch, path, "work")
	if !strings.HasSuffix(want, "preempted\n") {
		t.Fatalf("work printed:\n%s", want)
	}
	for tier := pcln.Full; tier <= pcln.Symbolized; tier++ {
		if got, _ := start(t, goarch, path+"."+tier.String(), "work"); got != want {
			t.Errorf("%v printed:\n%s\nwant:\n%s", tier, got, want)
		}
	}
	for _, crash := range crashes {
		want, _ := start(t, goarch, path, crash)
		if !strings.Contains(want, "main.main()") && crash != "goroutine" {
			t.Errorf("%s printed:\n%s", crash, want)
		}
		if got, _ := start(t, goarch, path+".full", crash); mask(got) != mask(want) {
			t.Errorf("full, %s printed:\n%s\nwant:\n%s", crash, got, want)
		}
		log, _ := start(t, goarch, path+".symbolized", crash)
		if strings.Contains(log, "main.") || strings.Contains(log, "main.go") {
			t.Errorf("symbolized, %s still knows names:\n%s", crash, log)
		}
		if got := symbolized(t, side, log); maskArgs(got) != maskArgs(want) {
			t.Errorf("symbolize, %s printed:\n%s\nwant:\n%s\nmade of:\n%s", crash, maskArgs(got), maskArgs(want), log)
		}
	}
	testProfile(t, goarch, path, side)
	testOtherBuild(t, goarch, path, side)
}

// A side file of another build is refused: that of the program with another ID.
func testOtherBuild(t *testing.T, goarch, path, side string) {
	data, err := os.ReadFile(side)
	if err != nil {
		t.Fatal(err)
	}
	const key = `"build_id":"`
	at := bytes.Index(data, []byte(key)) + len(key)
	data = bytes.Clone(data)
	copy(data[at:], "0123456789ab")
	write(t, side+".other", data)
	for _, args := range [][]string{{"panic"}, {"goroutine"}, {"profile"}} {
		log, _ := start(t, goarch, path+".symbolized", args...)
		var out, errs bytes.Buffer
		if code := run([]string{"--symbols=" + side + ".other"}, strings.NewReader(log), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), "is of the build with ID ") || out.Len() > 0 {
			t.Errorf("%s: exit code %d, printed %q and %q", args, code, out.String(), errs.String())
		}
	}
}

func testProfile(t *testing.T, goarch, path, side string) {
	want, _ := start(t, goarch, path, "profile")
	log, _ := start(t, goarch, path+".symbolized", "profile")
	if got := stacks(t, symbolized(t, side, log)); !slices.Equal(got, stacks(t, want)) {
		t.Errorf("profile:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(stacks(t, want), "\n"))
	}
}

// stacks returns the samples of a profile, in order.
func stacks(t *testing.T, data string) []string {
	p, err := profile.ParseData([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range p.Sample {
		text := fmt.Sprint(s.Value)
		for _, l := range s.Location {
			for _, line := range l.Line {
				text += fmt.Sprintf(" %s %s:%d", line.Function.Name, line.Function.Filename, line.Line)
			}
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}

func write(t *testing.T, path string, data []byte) {
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
}

// start runs the program and returns what it printed.
func start(t *testing.T, goarch, path string, args ...string) (out string, err error) {
	t.Helper()
	cmd := gotool.Run(t, goarch, path, args...)
	cmd.Env = append(os.Environ(), "GOTRACEBACK=")
	b, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return string(b), err
}

// symbolized runs the command on log.
func symbolized(t *testing.T, side, log string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run([]string{"--symbols=" + side}, strings.NewReader(log), &out, &errs); code != exitOK || errs.Len() > 0 {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
	return out.String()
}

var (
	addresses = regexp.MustCompile(`0x[0-9a-f]+\??|m=[0-9]+|(?m)^(rax|rbx|rcx|rdx|rdi|rsi|rbp|rsp|r[0-9]+|rip|rflags|cs|fs|gs|x[0-9]+|lr|sp|pc|fault|ra|gp|tp|t[0-9]|s[0-9]+|a[0-9]) .*\n`)
	arguments = regexp.MustCompile(`(?m)^(\S+)\((?:\{?0x|\.\.\.|\{|_).*\)$`)
	elided    = regexp.MustCompile(`\.\.\.[0-9]+ frames elided\.\.\.\n`)
	idle      = regexp.MustCompile(`goroutine [0-9]+ [^\[]*\[`)
)

// mask replaces what differs from run to run: addresses, numbers of goroutines,
// and the goroutines of the runtime, which may or may not have begun.
func mask(s string) string {
	parts := strings.Split(idle.ReplaceAllString(addresses.ReplaceAllString(s, "0x"), "goroutine ["), "\n\n")
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool {
		return strings.HasPrefix(p, "goroutine [") && !strings.Contains(p, "main.")
	}), "\n\n")
}

// maskElided makes of a run of equal frames one, and leaves out how many are not
// shown: a program without inline trees counts only frames of its stack.
func maskElided(s string) string {
	var out []string
	lines := strings.SplitAfter(elided.ReplaceAllString(s, ""), "\n")
	for n := 0; n < len(lines); n++ {
		if k := len(out); k >= 2 && n+1 < len(lines) && out[k-2] == lines[n] && out[k-1] == lines[n+1] {
			n++
			continue
		}
		out = append(out, lines[n])
	}
	return strings.Join(out, "")
}

// maskArgs replaces arguments too, which only the tier full has.
func maskArgs(s string) string { return maskElided(mask(arguments.ReplaceAllString(s, "$1(...)"))) }
