package stdtest

import (
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

var (
	packagesFlag = flag.String("std.packages", "fast", "fast, foreign, std (all), or import paths with commas between")
	goarchFlag   = flag.String("std.goarch", runtime.GOARCH, "GOARCH of the test programs")
	modeFlag     = flag.String("std.modes", cmdlink.ModeExe+","+cmdlink.ModeStaticPIE, "modes, with commas between: a build mode, and what elfstrip does then, each after a \"+\"")
	patternFlag  = flag.String("std.run", ".", "-test.run of the test programs")
	limitFlag    = flag.Duration("std.limit", 10*time.Minute, "time limit of one start of a test program")
	batchFlag    = flag.Int("std.batch", 0, "top-level tests in one start of a test program; 0 for all")
	doneFlag     = flag.String("std.done", "", "`logs` of earlier runs, with commas between: a package and mode without differences there is not run again")
)

// stripSteps are what may be after a "+" in a mode, and elfstrip's flags for it.
// What --symbols-file names is beside the test program.
var stripSteps = map[string][]string{
	"stripped":  {"-s"},
	"full":      {"--traceback=full"},
	"functions": {"--traceback=functions"},
	"external":  {"--traceback=external", "--symbols-file=test.symbols"},
	"lz4":       {"--pack=lz4"},
}

func TestMain(m *testing.M) {
	flag.Parse()
	obey()
	linktest.Main(m)
}

// choices are named sets of packages.
var choices = map[string][]string{
	"fast": {"errors", "sync", "encoding/json"},
	"foreign": {
		"bufio", "bytes", "cmp", "compress/flate", "compress/gzip", "container/heap", "context", "crypto/aes", "crypto/ecdsa",
		"crypto/ed25519", "crypto/internal/fips140test", "crypto/sha256", "crypto/sha3", "crypto/tls", "crypto/x509",
		"encoding/binary", "encoding/gob", "encoding/json", "errors", "fmt", "hash/crc32", "internal/abi", "internal/cpu",
		"internal/runtime/atomic", "internal/runtime/maps", "io", "iter", "log", "maps", "math", "math/big", "math/bits", "net",
		"net/http", "os", "path/filepath", "reflect", "regexp", "runtime", "runtime/debug", "slices", "sort", "strconv",
		"strings", "sync", "sync/atomic", "syscall", "text/template", "time", "unicode/utf8",
	},
}

// needCgo are packages whose test programs cannot be made without cgo, by whatever linker.
var needCgo = []string{"internal/runtime/cgobench", "runtime/cgo"}

// packages returns the packages that -std.packages asks for.
func packages(t *testing.T) []string {
	t.Helper()
	if *packagesFlag == "std" {
		all := gotool.Output(t, "", *goarchFlag, "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", "std")
		return slices.DeleteFunc(strings.Fields(all), func(pkg string) bool { return slices.Contains(needCgo, pkg) })
	}
	if chosen := choices[*packagesFlag]; chosen != nil {
		return chosen
	}
	return strings.Split(*packagesFlag, ",")
}

// Test compares, package by package and mode by mode.
func Test(t *testing.T) {
	done := readDone(t)
	goroot := gotool.Output(t, "", *goarchFlag, "env", "GOROOT")
	for _, pkg := range packages(t) {
		modes := slices.DeleteFunc(strings.Split(*modeFlag, ","), func(mode string) bool { return done[Place{pkg, *goarchFlag, mode}] })
		if len(modes) == 0 {
			continue
		}
		t.Run(pkg, func(t *testing.T) {
			dir := t.TempDir()
			reference := program{goroot, filepath.Join(goroot, "src", pkg), filepath.Join(dir, "reference.test")}
			gotool.Output(t, "", *goarchFlag, "test", "-c", "-o", reference.exe, pkg)
			want := reference.run(t, nil)
			compiled := linktest.CompileTest(t, *goarchFlag, pkg)
			for _, mode := range modes {
				ours := reference
				ours.exe = filepath.Join(dir, mode+".test")
				base, steps, _ := strings.Cut(mode, "+")
				compiled.Link(t, base, ours.exe)
				elfstrip(t, ours.exe, steps)
				compare(t, Place{pkg, *goarchFlag, mode}, want, ours, reference)
			}
		})
	}
}

// readDone returns the places that need not be run again.
func readDone(t *testing.T) map[Place]bool {
	t.Helper()
	done := map[Place]bool{}
	if *doneFlag == "" {
		return done
	}
	for name := range strings.SplitSeq(*doneFlag, ",") {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		all, err := ReadLog(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range all {
			done[r.Place] = len(r.Differ) == 0
		}
	}
	return done
}

// elfstrip changes the program exe as the steps, with "+" between, say.
func elfstrip(t *testing.T, exe, steps string) {
	t.Helper()
	if steps == "" {
		return
	}
	var args []string
	for step := range strings.SplitSeq(steps, "+") {
		flags, ok := stripSteps[step]
		if !ok {
			t.Fatalf("-std.modes: step %q: want one of %q", step, slices.Sorted(maps.Keys(stripSteps)))
		}
		args = append(args, flags...)
	}
	tool := filepath.Join(t.TempDir(), "elfstrip")
	gotool.Output(t, "", runtime.GOARCH, "build", "-o", tool, "github.com/go3s/rules_go3s/tools/elfstrip")
	cmd := exec.Command(tool, append(args, exe)...)
	cmd.Dir = filepath.Dir(exe)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("elfstrip %q: %v\n%s", args, err, out)
	}
}

// compare reports every test that says something else than in want, what the
// reference said. What differs is run again, on both sides, before it counts: some
// tests of the standard library depend on time and load. If there is no difference
// then, the result of this run counts.
func compare(t *testing.T, p Place, want results, ours, reference program) {
	t.Helper()
	got := ours.run(t, nil)
	diff := differences(want, got)
	for try := 0; len(diff) > 0 && try < 2; try++ {
		names := topLevel(diff)
		wanted, result := reference.run(t, names), ours.run(t, names)
		again := differences(wanted, result)
		diff = slices.DeleteFunc(diff, func(name string) bool { return !slices.Contains(again, name) })
		if len(again) == 0 {
			result[Whole], wanted[Whole] = want[Whole], want[Whole] // not that of some tests alone
			maps.Copy(got, result)
			maps.Copy(want, wanted)
		}
	}
	r := Result{Place: p, Differ: diff}
	for _, s := range got {
		switch s {
		case "PASS":
			r.Pass++
		case "SKIP":
			r.Skip++
		default:
			r.Fail++
		}
	}
	t.Log(r)
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if s := got[name]; (s == "FAIL" || s == died) && s == want[name] && !strings.Contains(name, "/") {
			t.Logf("%s %s %s: %s fails on both sides (%s)", p.Package, p.GOARCH, p.Mode, name, s)
		}
	}
	for _, name := range diff {
		t.Error(r.differ(name, got[name], want[name]))
	}
}

// differences returns the names whose result differs, sorted.
func differences(a, b results) []string {
	var names []string
	for name := range maps.Keys(a) {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	for name := range maps.Keys(b) {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// topLevel returns the names of the top-level tests of the results with these
// names; nil, which stands for all tests, if the exit status alone is named.
func topLevel(names []string) []string {
	var top []string
	for _, name := range names {
		if name != Whole {
			name, _, _ = strings.Cut(name, "/")
			top = append(top, name)
		}
	}
	slices.Sort(top)
	return slices.Compact(top)
}
