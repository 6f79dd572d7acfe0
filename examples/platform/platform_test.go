//go:build linux

package platform

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestGOARCH reads this test's own file; under an emulator /proc/self/exe is the emulated one.
func TestGOARCH(t *testing.T) {
	got, err := GOARCH("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if got != runtime.GOARCH {
		t.Errorf("this file is for %s, and runs on %s", got, runtime.GOARCH)
	}
	// Set where the test is built for a certain platform, so that it cannot pass on another.
	if want := os.Getenv("GO3S_GOARCH"); want != "" && want != got {
		t.Errorf("this file is for %s, the test wants %s", got, want)
	}
}

func TestGOARCHRefuses(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	machine := func(low byte) []byte {
		header := append([]byte(nil), self...)
		header[18] = low // e_machine
		return header
	}
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "EOF"},
		{"text", []byte("#!/bin/sh\nexit 0 # not an ELF file at all\n"), "bad magic number"},
		{"another machine", machine(22), "found EM_S390, ELFCLASS64, ELFDATA2LSB, want"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, test.data, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := GOARCH(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("got %q, %v, want an error with %q", got, err, test.want)
			}
		})
	}
}
