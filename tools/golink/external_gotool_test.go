package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/elflinker"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/policy"
)

// externalLinkers are the linkers of Debian's packages, by flavor and GOARCH.
var externalLinkers = []struct{ flavor, goarch, program, debian string }{
	{elflinker.LLD, "amd64", "ld.lld", "lld"},
	{elflinker.LLD, "arm64", "ld.lld", "lld"},
	{elflinker.LLD, "riscv64", "ld.lld", "lld"},
	{elflinker.GNU, "amd64", "x86_64-linux-gnu-ld.bfd", "binutils-x86-64-linux-gnu"},
	{elflinker.GNU, "arm64", "aarch64-linux-gnu-ld.bfd", "binutils-aarch64-linux-gnu"},
	{elflinker.GNU, "riscv64", "riscv64-linux-gnu-ld.bfd", "binutils-riscv64-linux-gnu"},
}

// external returns an edit that links by the named program. A test without the
// program is skipped.
func external(t *testing.T, flavor, program, debian string) func(*cmdlink.Config) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("NOT TESTED: there is no %s on PATH: apt-get install %s", program, debian)
	}
	return func(c *cmdlink.Config) {
		c.External = elflinker.Linker{Path: path, Flavor: flavor}
		c.BuildInfo.Main = "example.com/hello@v1.2.3"
	}
}

// Programs that LLD and GNU ld lay out start, pass the FIPS 140 check and linkcheck's
// profile, and come out the same twice.
func TestExternalLinkers(t *testing.T) {
	for _, program := range []struct {
		name string
		args []string
		want string
	}{
		{"hello", []string{"a"}, "hello unset [a] \n"},
		{"seed", []string{"https://127.0.0.1:1/"}, "connection refused"},
	} {
		for _, x := range externalLinkers {
			edit := external(t, x.flavor, x.program, x.debian)
			p := linktest.Compile(t, x.goarch, "testdata/"+program.name, true)
			for _, mode := range modes {
				t.Run(fmt.Sprintf("%s/%s/%s/%s", program.name, x.goarch, x.flavor, mode), func(t *testing.T) {
					exe := filepath.Join(t.TempDir(), program.name)
					p.Link(t, mode, exe, edit)
					checkFile(t, x.goarch, mode, exe)
					checkPolicy(t, mode, exe)
					p.Link(t, mode, exe+".again", edit)
					if !bytes.Equal(read(t, exe), read(t, exe+".again")) {
						t.Error("a second link gave other bytes")
					}
					for _, env := range []string{"GODEBUG=", "GODEBUG=fips140=on"} {
						if got := start(t, x.goarch, exe, 0, []string{env}, program.args...); !strings.Contains(got, program.want) {
							t.Errorf("%s: printed %q, want %q", env, got, program.want)
						}
					}
				})
			}
		}
	}
}

// checkPolicy judges exe by linkcheck's strictest profile for the mode.
func checkPolicy(t *testing.T, mode, exe string) {
	t.Helper()
	p, err := policy.New(map[string]string{cmdlink.ModeExe: "nolibc", cmdlink.ModeStaticPIE: "nolibc-pie"}[mode])
	if err != nil {
		t.Fatal(err)
	}
	f, err := goelf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report := p.Check("test", f)
	for _, b := range report.Verdict("") {
		t.Errorf("linkcheck: %+v", b)
	}
}

// Debian's linkers for the machine of the test, by flavor.
func nativeLinkers(t *testing.T) map[string]func(*cmdlink.Config) {
	edits := map[string]func(*cmdlink.Config){}
	for _, x := range externalLinkers {
		if x.goarch == runtime.GOARCH {
			edits[x.flavor] = external(t, x.flavor, x.program, x.debian)
		}
	}
	return edits
}

// A program without symbols and DWARF is also what the linker can make.
func TestExternalStripped(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, "testdata/hello", true)
	for flavor, edit := range nativeLinkers(t) {
		for _, mode := range modes {
			exe := filepath.Join(t.TempDir(), "hello")
			p.Link(t, mode, exe, edit, noSymbols)
			f, err := elf.Open(exe)
			if err != nil {
				t.Fatal(err)
			}
			if f.Section(".symtab") != nil || f.Section(".debug_info") != nil {
				t.Errorf("%s %s: symbols or DWARF are left", flavor, mode)
			}
			f.Close()
			if got := start(t, runtime.GOARCH, exe, 0, []string{"GODEBUG=fips140=on"}); got != "hello unset [] \n" {
				t.Errorf("%s %s: printed %q", flavor, mode, got)
			}
		}
	}
}

// A linker script decides the layout.
func TestLinkerScript(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, "testdata/hello", true)
	for flavor, edit := range nativeLinkers(t) {
		exe := filepath.Join(t.TempDir(), "hello")
		p.Link(t, cmdlink.ModeExe, exe, edit, func(c *cmdlink.Config) {
			c.External.Script = "testdata/high.ld"
			c.External.Flags = []string{"--defsym=chosen=1"}
			c.Map = exe + ".map"
		})
		f, err := elf.Open(exe)
		if err != nil {
			t.Fatal(err)
		}
		symbols, err := f.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		if addr := f.Section(".text").Addr; addr < 0x20000000 || addr > 0x21000000 {
			t.Errorf("%s: .text is at %#x, want it above 0x20000000", flavor, addr)
		}
		if !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == "chosen" }) {
			t.Errorf("%s: the symbol of the flag is not in the program", flavor)
		}
		f.Close()
		checkPolicy(t, cmdlink.ModeExe, exe)
		if !strings.Contains(string(read(t, exe+".map")), ".gopclntab") {
			t.Errorf("%s: .gopclntab is not in the link map", flavor)
		}
		if got := start(t, runtime.GOARCH, exe, 0, []string{"GODEBUG=fips140=on"}); got != "hello unset [] \n" {
			t.Errorf("%s: printed %q", flavor, got)
		}
	}
}

// What a linker, its script or its flags make wrong is refused by name, and leaves no
// output.
func TestExternalRefused(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, "testdata/hello", true)
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return name
	}
	dropped := file("dropped.ld", "SECTIONS { . = 0x400000 + SIZEOF_HEADERS; .text : { *(.text) } /DISCARD/ : { *(.gopclntab) } }", 0o666)
	broken := file("broken.ld", "SECTIONS {", 0o666)
	entry := file("entry.ld", string(read(t, "testdata/high.ld"))+"\n", 0o666)
	foreign := file("foreign", "#!/bin/sh\necho some other linker\n", 0o777)
	for flavor, edit := range nativeLinkers(t) {
		other := map[string]string{elflinker.GNU: elflinker.LLD, elflinker.LLD: elflinker.GNU}[flavor]
		for _, tt := range []struct {
			name, mode string
			set        func(x *elflinker.Linker)
			err        string
		}{
			{"missing", cmdlink.ModeExe, func(x *elflinker.Linker) { x.Path = dir + "/none" }, "no such file"},
			{"not a linker", cmdlink.ModeExe, func(x *elflinker.Linker) { x.Path = foreign }, `calls itself "some other linker"`},
			{"flavor", cmdlink.ModeExe, func(x *elflinker.Linker) { x.Flavor = other }, "it is of flavor " + flavor},
			{"dropped section", cmdlink.ModeExe, func(x *elflinker.Linker) { x.Script = dropped }, ""},
			{"broken script", cmdlink.ModeExe, func(x *elflinker.Linker) { x.Script = broken }, "broken.ld"},
			{"no script", cmdlink.ModeExe, func(x *elflinker.Linker) { x.Script = dir + "/none.ld" }, "none.ld"},
			{"fixed address script for PIE", cmdlink.ModeStaticPIE, func(x *elflinker.Linker) { x.Script = entry }, "output of "},
			{"executable stack", cmdlink.ModeExe, func(x *elflinker.Linker) { x.Flags = []string{"-z", "execstack"} }, "PT_GNU_STACK"},
			{"unknown flag", cmdlink.ModeExe, func(x *elflinker.Linker) { x.Flags = []string{"--no-such-flag"} }, "--no-such-flag"},
			{"refused flag", cmdlink.ModeExe, func(x *elflinker.Linker) { x.Flags = []string{"-shared"} }, "refused: the output is a program"},
			{"no RELRO", cmdlink.ModeStaticPIE, func(x *elflinker.Linker) { x.Flags = []string{"-z", "norelro"} }, "PT_GNU_RELRO"},
		} {
			t.Run(flavor+"/"+tt.name, func(t *testing.T) {
				c := p.Config()
				edit(&c)
				c.BuildMode, c.Out = tt.mode, filepath.Join(dir, "out")
				tt.set(&c.External)
				if _, err := cmdlink.Link(c); err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				} else if testing.Verbose() {
					t.Log(err)
				}
				if left, err := filepath.Glob(filepath.Join(dir, "[.o]*ut*")); err != nil || len(left) > 0 {
					t.Errorf("left behind: %v, %v", left, err)
				}
			})
		}
	}
}

// A linker for other machines says which one it cannot link for.
func TestExternalWrongMachine(t *testing.T) {
	for _, x := range externalLinkers {
		if x.flavor != elflinker.GNU || x.goarch == "riscv64" {
			continue
		}
		edit := external(t, x.flavor, x.program, x.debian)
		c := linktest.Compile(t, "riscv64", "testdata/hello", true).Config()
		edit(&c)
		c.BuildMode, c.Out = cmdlink.ModeExe, filepath.Join(t.TempDir(), "out")
		if _, err := cmdlink.Link(c); err == nil || !strings.Contains(err.Error(), "for linux/riscv64: exit status 1: is it one for that machine") {
			t.Errorf("%s: error %v", x.program, err)
		}
	}
}
