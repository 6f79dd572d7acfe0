//go:build linux

// Package progtest runs a finished program under test: it finds or builds the program, starts it, by an
// emulator if need be, and can lock it into an otherwise empty root directory.
//
// Which program is tested comes from the environment:
//
//	GO3S_BINARY    the program; without it the package in the working directory is built by `go build`
//	GO3S_EMULATOR  a statically linked qemu-user for the program's machine, if it is not the host's
//
// Each is an absolute path or, under Bazel, a path below the runfiles directory as $(rlocationpath …) gives it.
package progtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const (
	binaryEnv   = "GO3S_BINARY"
	emulatorEnv = "GO3S_EMULATOR"
)

// Options says how Main prepares the tests. The zero value builds the package in the working
// directory, if no program is given, and runs the tests as they are.
type Options struct {
	Build   func(out string) error // makes the program when GO3S_BINARY is not set; nil for Build{}.To
	Isolate bool                   // run the tests in new user and network namespaces, with the loopback device up
}

// Main is what a TestMain calls: it finds or builds the program under test and runs the tests. It ends the
// process with a message on standard error when that cannot be done: no test is ever skipped.
func Main(m *testing.M, o Options) {
	if os.Getenv(isolatedEnv) != "" {
		if err := loopbackUp(); err != nil {
			fatal(err)
		}
		m.Run()
		return
	}
	if o.Build == nil {
		o.Build = Build{}.To
	}
	remove, err := provide(o.Build)
	if err != nil {
		fatal(err)
	}
	code := 0
	if o.Isolate {
		code, err = rerunIsolated()
	} else {
		code = m.Run()
	}
	remove()
	if err != nil {
		fatal(err)
	}
	// Package testing, and Bazel's wrapper around it, finish better if TestMain returns.
	if code != 0 {
		os.Exit(code)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "progtest:", err)
	os.Exit(1)
}

// provide sets GO3S_BINARY and GO3S_EMULATOR to absolute paths, building the program if none is
// given. The function it returns removes what it built.
func provide(build func(out string) error) (remove func(), err error) {
	remove = func() {}
	for _, name := range []string{binaryEnv, emulatorEnv} {
		if path := os.Getenv(name); path != "" {
			if path, err = locate(path); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			os.Setenv(name, path)
		}
	}
	if os.Getenv(binaryEnv) != "" {
		return remove, nil
	}
	if os.Getenv("TEST_SRCDIR") != "" {
		return nil, fmt.Errorf("%s is not set: the env attribute of the test must name the program as $(rlocationpath …), with the program in data", binaryEnv)
	}
	dir, err := os.MkdirTemp("", "progtest")
	if err != nil {
		return nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	binary := filepath.Join(dir, "program")
	if err := build(binary); err != nil {
		remove()
		return nil, err
	}
	os.Setenv(binaryEnv, binary)
	return remove, nil
}

// locate returns the absolute path of an existing file named by an absolute path or by one below Bazel's runfiles.
func locate(path string) (string, error) {
	if !filepath.IsAbs(path) {
		runfiles := os.Getenv("TEST_SRCDIR")
		if runfiles == "" {
			return "", fmt.Errorf("%q is relative: outside of Bazel it must be absolute", path)
		}
		path = filepath.Join(runfiles, path)
	}
	if _, err := os.Stat(path); err != nil {
		return "", err
	}
	return path, nil
}

// Program is a program that can be started.
type Program struct {
	Path     string // of its ELF file
	Emulator string // path of a static qemu-user for its machine; empty if the host runs it
}

// Under returns the program under test, which Main provided.
func Under() Program {
	return Program{Path: os.Getenv(binaryEnv), Emulator: os.Getenv(emulatorEnv)}
}

// Command returns the command that starts p with args in the caller's environment and directory.
func (p Program) Command(args ...string) *exec.Cmd {
	if p.Emulator == "" {
		return exec.Command(p.Path, args...)
	}
	return exec.Command(p.Emulator, append([]string{p.Path}, args...)...)
}

// Result is what a process left behind.
type Result struct {
	Stdout, Stderr string
	Code           int // exit status; -1 if a signal ended the process
	PID            int
}

// Run runs cmd to its end. A process that cannot be started ends the test; one that fails does not.
func Run(t *testing.T, cmd *exec.Cmd) Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("start %s: %v", cmd, err)
	}
	return Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), cmd.ProcessState.Pid()}
}
