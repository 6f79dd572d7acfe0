//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
)

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{}) }

// TestPID: the number that the program got from the kernel is that of the process that was started.
func TestPID(t *testing.T) {
	result := progtest.Run(t, progtest.Under().Command())
	want := fmt.Sprintf("pid %d\n", result.PID)
	if result.Code != 0 || result.Stdout != want || result.Stderr != "" {
		t.Errorf("got %+v, want %q", result, want)
	}
}

// TestWriteError: the negated errno of the assembly is read as an error.
func TestWriteError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var stderr strings.Builder
	cmd := progtest.Under().Command()
	cmd.Stdout, cmd.Stderr = full, &stderr
	want := "rawsys: write to standard output: no space left on device\n"
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 || stderr.String() != want {
		t.Errorf("got %v and %q, want exit status 1 and %q", err, stderr.String(), want)
	}
}
