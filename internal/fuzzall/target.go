//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A target is one fuzz function.
type target struct {
	pkg  string // directory of the package below the module, with slashes
	path string // import path
	name string
}

func (t target) String() string { return t.pkg + "." + t.name }

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(\w+ \*testing\.F\)`)

// findTargets returns the fuzz functions of the module of the working directory, by
// package and then in the order of the sources.
func findTargets() ([]target, error) {
	cmd := exec.Command("go", "list", "-json=Dir,ImportPath,Module,TestGoFiles,XTestGoFiles", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list ./...: %w", err)
	}
	var targets []target
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir, ImportPath           string
			Module                    struct{ Path string }
			TestGoFiles, XTestGoFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return targets, nil
		} else if err != nil {
			return nil, fmt.Errorf("output of go list: %w", err)
		}
		for _, file := range append(p.TestGoFiles, p.XTestGoFiles...) {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				return nil, err
			}
			for _, m := range fuzzFunc.FindAllSubmatch(text, -1) {
				pkg := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/")
				targets = append(targets, target{pkg, p.ImportPath, string(m[1])})
			}
		}
	}
}

// A result is what one run of a target did.
type result struct {
	executions int64
	corpus     int64 // inputs, seeds included, each of which covers code that no other does
	failures   int64
	elapsed    time.Duration
}

func (r result) rate() float64 { return float64(r.executions) / max(r.elapsed.Seconds(), 1) }

// progress is a line of the fuzzing engine, such as
// "fuzz: elapsed: 3s, execs: 104 (35/sec), new interesting: 2 (total: 9)".
var progress = regexp.MustCompile(`^fuzz: elapsed: \S+, execs: (\d+) .*\(total: (\d+)\)`)

// run executes the target count times, or as often as the time limit allows. The
// error is that of the target; the result is valid all the same.
func (t target) run(ctx context.Context, count int64, limit time.Duration, workers int) (result, error) {
	var r result
	start := time.Now()
	cmd := exec.CommandContext(ctx, "go", "test", "-run=^$", "-fuzz=^"+t.name+"$",
		fmt.Sprintf("-fuzztime=%dx", count), fmt.Sprintf("-parallel=%d", workers),
		"-fuzzminimizetime=10x", // else a large input that is new takes a minute, in which nothing is executed
		"-timeout=0", t.path)
	// An interrupt lets the engine stop its workers and print its last line. The go command leaves it to the
	// terminal to tell the test program, so all of them are told.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	interrupt := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.Cancel = interrupt
	cmd.WaitDelay = time.Minute
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return r, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return r, err
	}
	timer := time.AfterFunc(limit, func() { interrupt() })
	var output strings.Builder
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<26) // a failing input may be printed on one line
	for lines.Scan() {
		line := lines.Text()
		if m := progress.FindStringSubmatch(line); m != nil {
			r.executions, _ = strconv.ParseInt(m[1], 10, 64)
			r.corpus, _ = strconv.ParseInt(m[2], 10, 64)
		} else if output.Len() < 1<<16 {
			fmt.Fprintln(&output, line)
		}
	}
	err = errors.Join(lines.Err(), cmd.Wait())
	r.elapsed = time.Since(start)
	limited := !timer.Stop()
	if strings.Contains(output.String(), "--- FAIL") {
		r.failures = 1
	}
	if err == nil || (r.failures == 0 && (limited || ctx.Err() != nil)) {
		return r, nil // interrupted on purpose
	}
	return r, fmt.Errorf("%s: %w\n%s", t, err, output.String())
}
