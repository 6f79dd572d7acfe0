package stdtest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// TestIdentity links the test programs by package golink and by cmd/link, and compares the files. What golink refuses fails.
func TestIdentity(t *testing.T) {
	for _, pkg := range packages(t) {
		t.Run(pkg, func(t *testing.T) {
			p := linktest.CompileTest(t, *goarchFlag, pkg)
			for _, mode := range []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE} {
				link := func(g cmdlink.GoLinker) []byte {
					out := filepath.Join(t.TempDir(), "out")
					p.Link(t, mode, out, func(c *cmdlink.Config) { c.StripDWARF, c.GoLinker = true, g })
					data, err := os.ReadFile(out)
					if err != nil {
						t.Fatal(err)
					}
					return data
				}
				own, want := link(cmdlink.Own), link(cmdlink.CmdLink)
				if !bytes.Equal(own, want) {
					t.Errorf("%s %s %s: %d bytes, want the %d of cmd/link", pkg, *goarchFlag, mode, len(own), len(want))
				}
			}
		})
	}
}
