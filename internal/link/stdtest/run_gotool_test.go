package stdtest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/gotool"
)

// results maps the name of a test to PASS, FAIL, SKIP or died.
type results map[string]string

// died is the result of a test that was started and said nothing: it ended the
// test program, or never ended.
const died = "DIED"

// A program is a test program.
type program struct {
	goroot string
	dir    string // of the package: where it runs
	exe    string
}

// run runs the tests with these names, nil for all, in batches if -std.batch asks
// for that: so a test that ends the program, or never ends, leaves others alone.
// Tests that are named run one by one then.
func (p program) run(t *testing.T, names []string) results {
	t.Helper()
	if *batchFlag == 0 {
		if names == nil {
			return p.start(t, *patternFlag)
		}
		return p.start(t, pattern(names))
	}
	size := 1
	if names == nil {
		size = *batchFlag
		cmd := p.command(t, t.Context(), "-test.list="+*patternFlag)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", cmd, err)
		}
		names = listLine.FindAllString(string(out), -1)
	}
	all := results{}
	for batch := range slices.Chunk(names, size) {
		r := p.start(t, pattern(batch))
		if all[Whole] == "FAIL" {
			r[Whole] = "FAIL"
		}
		maps.Copy(all, r)
	}
	return all
}

// pattern returns a pattern for -test.run that matches these tests only.
func pattern(names []string) string { return "^(" + strings.Join(names, "|") + ")$" }

var (
	// listLine is what a test program prints of a test with -test.list.
	listLine = regexp.MustCompile(`(?m)^(Test|Example|Fuzz)\S*$`)
	// startLine and resultLine are what it prints with -test.v=test2json.
	startLine  = regexp.MustCompile(`(?m)^\x16?=== RUN +(\S+)$`)
	resultLine = regexp.MustCompile(`(?m)^\x16 *--- (PASS|FAIL|SKIP): (\S+)`)
)

// command returns the command that starts the program.
func (p program) command(t *testing.T, ctx context.Context, args ...string) *exec.Cmd {
	t.Helper()
	direct := gotool.Run(t, *goarchFlag, p.exe, args...)
	cmd := exec.CommandContext(ctx, direct.Path, direct.Args[1:]...)
	cmd.Dir = p.dir
	// As go test, which has its own go command first on PATH.
	path := filepath.Join(p.goroot, "bin") + string(filepath.ListSeparator) + os.Getenv("PATH")
	cmd.Env = append(os.Environ(), "GOROOT="+p.goroot, "PATH="+path, "PWD="+p.dir, "CGO_ENABLED=0", "GOFLAGS=")
	return cmd
}

// obey makes us catch signals that whoever started us ignores, as shells and nohup do
// in the background: the test programs would ignore them, too, and tests that are to
// be ended by one would never end.
func obey() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// start starts the program once, as go test does.
func (p program) start(t *testing.T, pattern string) results {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), *limitFlag+time.Minute)
	defer cancel()
	cmd := p.command(t, ctx, "-test.v=test2json", "-test.short", "-test.paniconexit0", fmt.Sprint("-test.timeout=", *limitFlag), "-test.run="+pattern)
	// A child that outlives the test program must neither keep us waiting nor stay.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails when no process is left, as it should be
	}
	r := results{Whole: "PASS"}
	if err != nil {
		r[Whole] = "FAIL"
	}
	for _, m := range startLine.FindAllStringSubmatch(out.String(), -1) {
		r[m[1]] = died
	}
	for _, m := range resultLine.FindAllStringSubmatch(out.String(), -1) {
		r[m[2]] = m[1]
	}
	if len(r) == 1 && err != nil {
		t.Logf("%v: %v\n%s", cmd, err, out.Bytes())
	}
	return r
}
