package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pcln"
)

func TestMain(m *testing.M) { linktest.Main(m) }

var all = flag.Bool("stress.all", false, "run each program in each mode, tier and packing, on each machine")

// crashes are the arguments with which the program crashes. With systemCrash the
// runtime prints its own frames, too.
var crashes = []string{"panic", "nil", "index", "wrapper", "fatal", "quit", "deep", "stack", "deadlock", "map", "other goroutine", systemCrash}

const systemCrash = "panic, with GOTRACEBACK=system"

// quick are the modes that are run without -stress.all.
var quick = map[string][]string{
	"amd64":   {cmdlink.ModeExe, cmdlink.ModeStaticPIE},
	"arm64":   {cmdlink.ModeExe},
	"riscv64": {cmdlink.ModeStaticPIE},
}

// A variant is the program in one tier, packed or not.
type variant struct {
	name, path string
	symbolized bool
}

// The program does the same in every tier, packed or not, and its tracebacks and
// profiles, once symbolized, are those that it has with all tables.
func TestStress(t *testing.T) {
	dir := t.TempDir()
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		t.Run(goarch, func(t *testing.T) {
			program := linktest.Compile(t, goarch, "testdata/stress", true)
			modes := quick[goarch]
			if *all {
				modes = []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE}
			}
			for _, mode := range modes {
				path := filepath.Join(dir, goarch+"-"+mode)
				program.Link(t, mode, path, func(c *cmdlink.Config) { c.StripDWARF = true })
				t.Run(mode, func(t *testing.T) {
					side := path + ".symbols"
					variants := makeVariants(t, path, side)
					testWork(t, goarch, path, variants)
					testCrashes(t, goarch, path, side, variants)
					testProfiles(t, goarch, path, side, variants)
					testOtherBuild(t, goarch, path, side)
				})
			}
		})
	}
}

// makeVariants writes the program at path in all tiers, and packed: the last tier,
// or with -stress.all each.
func makeVariants(t *testing.T, path, side string) []variant {
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []variant
	last := f.Data
	for _, tier := range []pcln.Tier{pcln.Full, pcln.Functions, pcln.External} {
		data, symbols, err := pcln.Compact(f, tier, goabi.Refuse)
		if err != nil {
			t.Fatal(err)
		}
		// On machines with large pages a file shrinks by whole pages.
		if len(data) > len(last) || tier == pcln.External && len(data) > len(f.Data)*9/10 {
			t.Errorf("%v has %d bytes, after %d", tier, len(data), len(last))
		}
		last = data
		v := variant{tier.String(), path + "." + tier.String(), symbols != nil}
		write(t, v.path, data)
		list = append(list, v)
		if symbols != nil {
			b, err := symbols.Encode()
			if err != nil {
				t.Fatal(err)
			}
			write(t, side, b)
		}
	}
	unpacked := list[len(list)-1:]
	if *all {
		unpacked = append([]variant{{"linked", path, false}}, list...)
	}
	for _, v := range unpacked {
		f, err := elf.Open(v.path)
		if err != nil {
			t.Fatal(err)
		}
		data, err := pack.Pack(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		p := variant{v.name + ", packed", v.path + ".packed", v.symbolized}
		write(t, p.path, data)
		list = append(list, p)
	}
	return list
}

func testWork(t *testing.T, goarch, path string, variants []variant) {
	want, _ := start(t, goarch, path, "work")
	if !strings.HasSuffix(want, "preempted\n") {
		t.Fatalf("work printed:\n%s", want)
	}
	for _, v := range variants {
		if got, _ := start(t, goarch, v.path, "work"); got != want {
			t.Errorf("%s: work printed:\n%s", v.name, difference(got, want))
		}
	}
}

// difference returns the lines of got that are not those of want.
func difference(got, want string) string {
	var b strings.Builder
	g, w := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	for i := range max(len(g), len(w)) {
		g, w := slices.Concat(g, make([]string, len(w)))[i], slices.Concat(w, make([]string, len(g)))[i]
		if g != w {
			fmt.Fprintf(&b, "line %d: %q, want %q\n", i+1, g, w)
		}
	}
	return b.String()
}

func testCrashes(t *testing.T, goarch, path, side string, variants []variant) {
	for _, crash := range crashes {
		want, _ := start(t, goarch, path, crash)
		if !strings.Contains(want, "main.main()") && crash != "other goroutine" {
			t.Errorf("%s printed:\n%s", crash, want)
		}
		for _, v := range variants {
			switch {
			case v.symbolized:
				log, _ := start(t, goarch, v.path, crash)
				if strings.Contains(log, "main.") || strings.Contains(log, "main.go") {
					t.Errorf("%s, %s still knows names:\n%s", v.name, crash, log)
				}
				if got := symbolized(t, side, log); maskArgs(got) != maskArgs(want) {
					t.Errorf("%s, symbolize, %s printed:\n%s\nwant:\n%s\nmade of:\n%s", v.name, crash, maskArgs(got), maskArgs(want), log)
				}
			case !strings.HasPrefix(v.name, "functions"): // which loses files and lines
				if got, _ := start(t, goarch, v.path, crash); mask(got) != mask(want) {
					t.Errorf("%s, %s printed:\n%s\nwant:\n%s", v.name, crash, got, want)
				}
			}
		}
	}
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
	for _, args := range [][]string{{"panic"}, {"other goroutine"}, {"goroutine"}} {
		log, _ := start(t, goarch, path+".external", args...)
		var out, errs bytes.Buffer
		if code := run([]string{"--symbols=" + side + ".other"}, strings.NewReader(log), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), "is of the build with ID ") ||
			out.Len() > 0 {
			t.Errorf("%s: exit code %d, printed %q and %q", args, code, out.String(), errs.String())
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
}

// start runs the program and returns what it printed.
func start(t *testing.T, goarch, path string, args ...string) (out string, err error) {
	t.Helper()
	how := "GOTRACEBACK="
	if args[0] == systemCrash {
		args, how = []string{"panic"}, "GOTRACEBACK=system"
	}
	cmd := gotool.Run(t, goarch, path, args...)
	cmd.Env = append(os.Environ(), how)
	if cmd.Path != path {
		cmd.Env = append(cmd.Env, "STRESS_EMULATOR="+cmd.Path)
	}
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
