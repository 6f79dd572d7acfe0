//go:build unix

package elf_test

import (
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"testing"

	. "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// A file that is truncated after it was mapped gives an error, not a crash, in whatever goroutine it is read.
func TestGuard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, elftest.Executable(elf.EM_X86_64).Build().Data, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	read := func() error {
		_, err := f.Notes()
		return err
	}
	err = Guard(read)
	if _, ok := errors.AsType[*Fault](err); !ok {
		t.Errorf("error %v, want a Fault", err)
	}
	err = Guard(func() error {
		wait := Go(func() { read() })
		wait()
		return nil
	})
	if _, ok := errors.AsType[*Fault](err); !ok {
		t.Errorf("in another goroutine: error %v, want a Fault", err)
	}
}

// Other panics are mistakes in the program and go through.
func TestGuardPanic(t *testing.T) {
	defer func() {
		if r := recover(); r != "mistake" {
			t.Errorf("recovered %v", r)
		}
	}()
	Guard(func() error { panic("mistake") })
	t.Error("no panic")
}
