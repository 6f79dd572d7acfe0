package main_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Each file was made for its platform, at the address that its linker script says; those
// for this machine run, with the FIPS 140 check.
func TestHello(t *testing.T) {
	files := strings.Fields(os.Getenv("FILES"))
	if len(files) != 9 {
		t.Fatalf("FILES=%q, want 9 files", files)
	}
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV}
	ran := 0
	for _, file := range files {
		name := filepath.Base(file)
		goarch := name[strings.LastIndex(name, "_")+1:]
		f, err := elf.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		typ := elf.ET_EXEC
		if strings.Contains(name, "_pie_") {
			typ = elf.ET_DYN
		}
		if f.Machine != machines[goarch] || f.Type != typ {
			t.Errorf("%s: %v %v", name, f.Machine, f.Type)
		}
		if high := f.Section(".text").Addr >= 0x20000000; high != strings.Contains(name, "_high_") {
			t.Errorf("%s: .text is at %#x", name, f.Section(".text").Addr)
		}
		f.Close()
		if goarch != runtime.GOARCH {
			continue
		}
		ran++
		cmd := exec.Command(file)
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=on")
		out, err := cmd.CombinedOutput()
		if want := "hello from " + goarch + ", FIPS 140 true\n"; err != nil || string(out) != want {
			t.Errorf("%s: printed %q, %v; want %q", name, out, err, want)
		}
	}
	if ran != 3 {
		t.Errorf("ran %d files, want 3", ran)
	}
}
