//go:build linux

// Package asm_hello_test tests the program of the folder above, whose assembly is no Go package.
package asm_hello_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
)

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{Build: build}) }

// build does what go_asm_binary does in Bazel.
func build(out string) error {
	goroot, err := progtest.Go("env", "GOROOT")
	if err != nil {
		return err
	}
	object := out + ".o"
	include := filepath.Join(goroot, "pkg", "include")
	if _, err := progtest.Go("tool", "asm", "-p", "main", "-I", include, "-o", object, "../hello_"+runtime.GOARCH+".s"); err != nil {
		return err
	}
	_, err = progtest.Go("run", "../../../tools/golink", "asm", "-o", out, object)
	return err
}

func TestHello(t *testing.T) {
	result := progtest.Run(t, progtest.Under().Command())
	if result.Code != 0 || result.Stdout != "Hello, World!\n" || result.Stderr != "" {
		t.Errorf("got %+v", result)
	}
}

func TestWriteError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	cmd := progtest.Under().Command()
	cmd.Stdout = full
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("got %v, want exit status 1", err)
	}
}

func TestSize(t *testing.T) {
	const limit = 1024
	info, err := os.Stat(progtest.Under().Path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() >= limit {
		t.Errorf("%d bytes, want less than %d", info.Size(), limit)
	}
}
