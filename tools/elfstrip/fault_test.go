//go:build unix

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf"
)

// A file that is truncated after it was mapped gives an error, not a crash.
func TestGuardFaults(t *testing.T) {
	path := program(t)
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	err = guardFaults(path, func() error {
		_, err := f.Notes()
		return err
	})
	if err == nil || !strings.Contains(err.Error(), path+": changed while it was read") {
		t.Errorf("error %v", err)
	}
}

// Other panics are mistakes in the program and go through.
func TestGuardFaultsPanic(t *testing.T) {
	defer func() {
		if r := recover(); r != "mistake" {
			t.Errorf("recovered %v", r)
		}
	}()
	guardFaults("file", func() error { panic("mistake") })
	t.Error("no panic")
}
