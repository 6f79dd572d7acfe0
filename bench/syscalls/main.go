//go:build linux

// Command syscalls prints, for examples and for test programs of the standard library on each
// architecture, how many system calls linkcheck lists and how many one run makes: as a seccomp
// listener sees them on this machine, as qemu-user prints them on others. It fails when a run makes a call that is not
// listed, unless the list says by a dynamic site that it is incomplete.
//
//	RULES_GO3S_QEMU_DIR=<directory of qemu-<machine>-static> go run ./bench/syscalls -doc docs/syscalls.md
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/machine"
	"github.com/go3s/rules_go3s/internal/syscalls"
	"github.com/go3s/rules_go3s/internal/syscalls/observe"
)

var (
	docFlag     = flag.String("doc", "", "update the rows of the table in this `file` instead of printing them")
	examples    = flag.Bool("examples", true, "run the examples")
	stdFlag     = flag.String("std", "runtime,internal/poll,syscall,time,os,os/exec,os/signal,os/user,io/fs,path/filepath,net,net/http,crypto/tls,encoding/json", "`packages` of the standard library whose tests are run here")
	foreignFlag = flag.String("std.foreign", "time,os,os/exec,io/fs,path/filepath,net,net/http,crypto/tls,encoding/json", "`packages` whose tests are run for the other architectures")
	limitFlag   = flag.Duration("limit", 10*time.Minute, "time limit of one run")
)

// A program is an example, or the test program of a package of the standard library.
type program struct {
	example, test string
	args          []string
}

func (p program) String() string {
	if p.test != "" {
		return "tests of " + p.test
	}
	return p.example
}

// build compiles p for goarch to exe and returns where it is to run.
func (p program) build(goarch, exe string) (dir string, err error) {
	if p.test == "" {
		_, err := build.Go("", goarch, "build", "-o", exe, "./examples/"+p.example)
		return "", err
	}
	if _, err := build.Go("", goarch, "test", "-c", "-o", exe, p.test); err != nil {
		return "", err
	}
	goroot, err := build.Go("", goarch, "env", "GOROOT")
	return filepath.Join(strings.TrimSpace(string(goroot)), "src", p.test), err
}

func programs(tests string) []program {
	var all []program
	if *examples {
		all = []program{
			{example: "hello"},
			{example: "rawsys"},
			{example: "userdb", args: []string{"root", "localhost"}},
			{example: "https_client", args: []string{"https://127.0.0.1:1/"}}, // nobody listens there
		}
	}
	for pkg := range strings.FieldsFuncSeq(tests, func(r rune) bool { return r == ',' }) {
		all = append(all, program{test: pkg, args: []string{"-test.short", "-test.timeout=" + limitFlag.String()}})
	}
	return all
}

func main() {
	observe.Main()
	log.SetFlags(0)
	flag.Parse()
	// A background job of a shell ignores SIGINT, and with it tests that wait for one.
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	dir, err := os.MkdirTemp("", "syscalls")
	if err != nil {
		log.Fatal(err)
	}
	rows, err := run(dir)
	os.RemoveAll(dir)
	if *docFlag == "" {
		os.Stdout.WriteString(markdown(rows))
	} else {
		err = errors.Join(err, writeDoc(*docFlag, rows))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// run returns a row for each program and architecture. The error is also about calls that are
// not listed; the rows are valid all the same.
func run(dir string) (rows []row, err error) {
	var missing error
	for _, goarch := range machine.GOARCHs() {
		tests := *foreignFlag
		if goarch == runtime.GOARCH {
			tests = *stdFlag
		}
		for _, p := range programs(tests) {
			start := time.Now()
			exe := filepath.Join(dir, "program")
			cwd, err := p.build(goarch, exe)
			if err != nil {
				return rows, err
			}
			r, err := analyze(exe, p.String())
			if err != nil {
				return rows, err
			}
			made, output, err := p.run(goarch, exe, cwd)
			if err != nil {
				return rows, fmt.Errorf("%v for %s: %w\n%s", p, goarch, err, output)
			}
			count := len(made)
			for _, c := range r.Calls {
				delete(made, c.Name)
				delete(made, fmt.Sprintf("syscall_%d", c.Number)) // where the emulator knows no name
			}
			names := slices.Sorted(maps.Keys(made))
			if len(names) > 0 && len(r.Dynamic) == 0 {
				missing = errors.Join(missing, fmt.Errorf("%v for %s makes %v, which is not listed", p, goarch, names))
			}
			rows = append(rows, row{p.String(), goarch, fmt.Sprintf("%d | %d | %d | %s", len(r.Dynamic), len(r.Calls), count,
				strings.TrimSpace(fmt.Sprint(len(names), " ", strings.Join(names, " "))))})
			for _, d := range r.Dynamic {
				log.Printf("%v for %s: dynamic site in %s: %s", p, goarch, d.Function, d.Reason)
			}
			log.Printf("%v for %s: %d of %d, %v not listed; %v\n%s", p, goarch, count, len(r.Calls), names, time.Since(start).Round(time.Second), failures(output))
		}
	}
	return rows, missing
}

func analyze(exe, name string) (*syscalls.Report, error) {
	f, err := elf.Open(exe)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return syscalls.Analyze(f, name)
}

// run runs p and returns which calls it made, by name, and what it printed. How it ends does not
// matter: the client finds no server, and tests may dislike where they run.
func (p program) run(goarch, exe, cwd string) (made map[string]int, output []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), *limitFlag+time.Minute)
	defer cancel()
	var out bytes.Buffer
	start := func(path string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, path, args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = cwd, &out, &out, 5*time.Second
		return cmd
	}
	if goarch != runtime.GOARCH {
		emulator := filepath.Join(os.Getenv("RULES_GO3S_QEMU_DIR"), machine.Of(goarch).Qemu())
		made, err = observe.RunEmulated(start(emulator, append([]string{exe}, p.args...)...))
		return made, out.Bytes(), err
	}
	calls, err := observe.Run(start(exe, p.args...))
	made = map[string]int{}
	for c, n := range calls {
		name := syscalls.Tables[goarch].Name(c.Number)
		if c.Arch != machine.Of(goarch).Audit() {
			name = fmt.Sprintf("%d of architecture %#x", c.Number, c.Arch)
		}
		made[name] += n
	}
	return made, out.Bytes(), err
}

// failures returns the lines of a test program's output that say what failed.
func failures(output []byte) string {
	var lines []string
	for line := range strings.Lines(string(output)) {
		if strings.HasPrefix(line, "--- FAIL") || strings.HasPrefix(line, "panic:") || line == "PASS\n" || line == "FAIL\n" {
			lines = append(lines, "\t"+strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}
