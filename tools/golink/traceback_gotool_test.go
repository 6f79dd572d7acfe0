package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// golink makes of the tables for tracebacks what elfstrip makes of them, to the byte.
func TestTraceback(t *testing.T) {
	elfstrip := filepath.Join(t.TempDir(), "elfstrip")
	gotool.Output(t, "", runtime.GOARCH, "build", "-o", elfstrip, "github.com/go3s/rules_go3s/tools/elfstrip")
	for _, goarch := range goarches {
		for _, program := range []struct {
			name string
			runs bool // it prints its name at once
		}{{"hello", true}, {"seed", false}} {
			p := linktest.Compile(t, goarch, "testdata/"+program.name, true)
			for _, mode := range modes {
				dir := t.TempDir()
				plain := filepath.Join(dir, "plain")
				p.Link(t, mode, plain, strip)
				for _, tier := range []string{"full", "functions", "external"} {
					t.Run(strings.Join([]string{goarch, program.name, mode, tier}, "/"), func(t *testing.T) {
						got, want := filepath.Join(dir, tier), filepath.Join(dir, tier+".elfstrip")
						args := []string{"--traceback=" + tier, "-o", want, plain}
						symbols := ""
						if tier == "external" {
							symbols = got + ".symbols"
							args = append([]string{"--symbols-file=" + want + ".symbols"}, args...)
						}
						if out, err := exec.Command(elfstrip, args...).CombinedOutput(); err != nil {
							t.Fatalf("elfstrip %q: %v\n%s", args, err, out)
						}
						p.Link(t, mode, got, strip, func(c *cmdlink.Config) { c.Traceback, c.SymbolsFile = tier, symbols })
						if a, b := read(t, got), read(t, want); !bytes.Equal(a, b) {
							t.Errorf("linked %d bytes, want the %d of elfstrip", len(a), len(b))
						}
						if symbols != "" && !bytes.Equal(read(t, symbols), read(t, want+".symbols")) {
							t.Error("the side file is not that of elfstrip")
						}
						if !program.runs {
							return
						}
						if out := start(t, goarch, got, 0, nil); !strings.HasPrefix(out, program.name) {
							t.Errorf("printed %q", out)
						}
					})
				}
			}
		}
	}
}
