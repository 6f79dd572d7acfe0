package stdtest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	modeFlag     = flag.String("std.modes", cmdlink.ModeExe+","+cmdlink.ModeStaticPIE, "build modes, with commas between")
	patternFlag  = flag.String("std.run", "", "-test.run of the test programs")
	limitFlag    = flag.Duration("std.limit", 10*time.Minute, "time limit of one test program")
)

func TestMain(m *testing.M) {
	flag.Parse()
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

// Test compares, package by package and mode by mode.
func Test(t *testing.T) {
	packages := choices[*packagesFlag]
	switch {
	case *packagesFlag == "std":
		packages = strings.Fields(gotool.Output(t, "", *goarchFlag, "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", "std"))
	case packages == nil:
		packages = strings.Split(*packagesFlag, ",")
	}
	goroot := gotool.Output(t, "", *goarchFlag, "env", "GOROOT")
	for _, pkg := range packages {
		t.Run(pkg, func(t *testing.T) {
			dir := t.TempDir()
			reference := filepath.Join(dir, "reference.test")
			gotool.Output(t, "", *goarchFlag, "test", "-c", "-o", reference, pkg)
			cwd := filepath.Join(goroot, "src", pkg)
			want := run(t, goroot, cwd, reference)
			p := linktest.CompileTest(t, *goarchFlag, pkg)
			for mode := range strings.SplitSeq(*modeFlag, ",") {
				exe := filepath.Join(dir, mode+".test")
				p.Link(t, mode, exe)
				compare(t, pkg, mode, want, func() results { return run(t, goroot, cwd, exe) }, func() results { return run(t, goroot, cwd, reference) })
			}
		})
	}
}

// results maps the name of a test to PASS, FAIL or SKIP.
type results map[string]string

// whole is the name under which results has the exit status of the test program.
const whole = "the test program"

// compare reports every test that says something else than in want. What differs is
// run again, on both sides, before it counts: some tests of the standard library
// depend on time and load.
func compare(t *testing.T, pkg, mode string, want results, ours, reference func() results) {
	t.Helper()
	got := ours()
	diff := differences(want, got)
	for try := 0; len(diff) > 0 && try < 2; try++ {
		again, other := differences(reference(), ours()), diff
		diff = slices.DeleteFunc(other, func(name string) bool { return !slices.Contains(again, name) })
	}
	count := map[string]int{}
	for _, r := range got {
		count[r]++
	}
	t.Logf("%s %s %s: %d PASS, %d FAIL, %d SKIP, %d differ from go test", pkg, *goarchFlag, mode, count["PASS"], count["FAIL"], count["SKIP"], len(diff))
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if got[name] == "FAIL" && want[name] == "FAIL" && !strings.Contains(name, "/") {
			t.Logf("%s %s %s: %s fails on both sides", pkg, *goarchFlag, mode, name)
		}
	}
	for _, name := range diff {
		t.Errorf("%s %s: %s: %q, under go test %q", pkg, mode, name, got[name], want[name])
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

// resultLine is what a test program prints with -test.v=test2json.
var resultLine = regexp.MustCompile(`(?m)^\x16 *--- (PASS|FAIL|SKIP): (\S+)`)

// run runs a test program as go test does, in the directory of its package.
func run(t *testing.T, goroot, cwd, exe string) results {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), *limitFlag+time.Minute)
	defer cancel()
	args := []string{"-test.v=test2json", "-test.short", "-test.paniconexit0", fmt.Sprint("-test.timeout=", *limitFlag), "-test.run=" + *patternFlag}
	direct := gotool.Run(t, *goarchFlag, exe, args...)
	cmd := exec.CommandContext(ctx, direct.Path, direct.Args[1:]...)
	cmd.Dir = cwd
	cmd.Env = append(os.Environ(), "GOROOT="+goroot, "PWD="+cwd, "CGO_ENABLED=0", "GOFLAGS=")
	// A child that outlives the test program must not keep us waiting.
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	r := results{whole: "PASS"}
	if err != nil {
		r[whole] = "FAIL"
	}
	for _, m := range resultLine.FindAllStringSubmatch(out.String(), -1) {
		r[m[2]] = m[1]
	}
	if len(r) == 1 && err != nil {
		t.Logf("%s: %v\n%s", exe, err, out.Bytes())
	}
	return r
}
