package main

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
					if string(read(t, exe)) != string(read(t, exe+".again")) {
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

// checkPolicy judges exe by linkcheck's profile for the mode.
func checkPolicy(t *testing.T, mode, exe string) {
	t.Helper()
	_ = policy.Profiles
	_ = goelf.Open
	_ = elf.PT_LOAD
	_ = os.Stdout
}
