package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// A finish is what golink and elfstrip both can do to a program.
type finish struct {
	name  string
	plain func(*cmdlink.Config) // how what elfstrip gets is linked
	flags []string              // of elfstrip
	edit  func(*cmdlink.Config) // what does the same in golink
	tiers []string
}

var finishes = []finish{
	{"without symbols", noSymbols, nil, noSymbols, []string{"full", "functions", "external"}},
	{
		"strip-all", func(c *cmdlink.Config) { c.StripDWARF = true }, []string{"--strip-all"},
		func(c *cmdlink.Config) { c.StripAll = true }, []string{"", "full", "functions", "external"},
	},
}

// check does it by both, with the same bytes, and returns the file.
func (f *finish) check(t *testing.T, elfstrip string, p *linktest.Program, mode, tier string) string {
	dir := t.TempDir()
	plain, got, want := filepath.Join(dir, "plain"), filepath.Join(dir, "golink"), filepath.Join(dir, "elfstrip")
	p.Link(t, mode, plain, f.plain)
	symbols, args := "", slices.Concat(f.flags, []string{"-o", want, plain})
	if tier != "" {
		args = append(args, "--traceback="+tier)
	}
	if tier == "external" {
		symbols = got + ".symbols"
		args = append(args, "--symbols-file="+want+".symbols")
	}
	if out, err := exec.Command(elfstrip, args...).CombinedOutput(); err != nil {
		t.Fatalf("elfstrip %q: %v\n%s", args, err, out)
	}
	p.Link(t, mode, got, f.edit, func(c *cmdlink.Config) { c.Traceback, c.SymbolsFile = tier, symbols })
	if a, b := read(t, got), read(t, want); !bytes.Equal(a, b) {
		t.Errorf("linked %d bytes, want the %d of elfstrip", len(a), len(b))
	}
	if symbols != "" && !bytes.Equal(read(t, symbols), read(t, want+".symbols")) {
		t.Error("the side file is not that of elfstrip")
	}
	return got
}

// golink makes of the tables for tracebacks and of the symbol table what elfstrip makes of them, to the byte.
func TestFinish(t *testing.T) {
	elfstrip := filepath.Join(t.TempDir(), "elfstrip")
	gotool.Output(t, "", runtime.GOARCH, "build", "-o", elfstrip, "github.com/go3s/rules_go3s/tools/elfstrip")
	for _, goarch := range goarches {
		for _, program := range []struct {
			name string
			runs bool // it prints its name at once
		}{{"hello", true}, {"seed", false}} {
			t.Run(goarch+"/"+program.name, func(t *testing.T) {
				p := linktest.Compile(t, goarch, "testdata/"+program.name, true)
				for _, mode := range modes {
					for _, f := range finishes {
						for _, tier := range f.tiers {
							t.Run(strings.Join([]string{mode, f.name, tier}, "/"), func(t *testing.T) {
								exe := f.check(t, elfstrip, p, mode, tier)
								if !program.runs {
									return
								}
								if out := start(t, goarch, exe, 0, nil); !strings.HasPrefix(out, program.name) {
									t.Errorf("printed %q", out)
								}
							})
						}
					}
				}
			})
		}
	}
}
