package cmdlink_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

var ownArch = flag.String("own.goarch", "amd64,arm64,riscv64", "`machines` for which TestOwn links, with commas between them")

// TestOwn links programs with and without cmd/link, and compares the files.
func TestOwn(t *testing.T) {
	const testdata = "../../../tools/golink/testdata"
	for _, goarch := range strings.Split(*ownArch, ",") {
		for _, dir := range []string{testdata + "/hello", testdata + "/seed", "../../golink/testdata/language"} {
			t.Run(goarch+"/"+filepath.Base(dir), func(t *testing.T) {
				p := linktest.Compile(t, goarch, dir, true)
				for _, mode := range []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE} {
					for _, edit := range []func(*cmdlink.Config){
						func(c *cmdlink.Config) { c.StripDWARF = true },
						func(c *cmdlink.Config) { c.StripSymbols, c.Traceback = true, "full" },
						func(c *cmdlink.Config) {
							c.StripSymbols = true
							c.XDefs, c.BuildID = append(c.XDefs, "main.version=1.2", "main.empty="), "an/id"
						},
					} {
						link := func(g cmdlink.GoLinker) []byte {
							out := filepath.Join(t.TempDir(), "out")
							p.Link(t, mode, out, edit, func(c *cmdlink.Config) { c.GoLinker = g })
							data, err := os.ReadFile(out)
							if err != nil {
								t.Fatal(err)
							}
							return data
						}
						if own, want := link(cmdlink.Own), link(cmdlink.CmdLink); !bytes.Equal(own, want) {
							t.Errorf("%s: %d bytes, want the %d of cmd/link", mode, len(own), len(want))
						}
					}
				}
			})
		}
	}
}

// TestOwnUnsupported asks for what package golink cannot do.
func TestOwnUnsupported(t *testing.T) {
	p := linktest.Compile(t, "amd64", "../../../tools/golink/testdata/hello", true)
	for _, tt := range []struct {
		edit func(*cmdlink.Config)
		err  string
	}{
		{func(c *cmdlink.Config) {}, "debugging information: this needs the SDK's linker"},
		{func(c *cmdlink.Config) { c.StripSymbols, c.Ldflags = true, []string{"-funcalign=64"} }, "linker option -funcalign: this needs"},
	} {
		c := p.Config()
		c.BuildMode, c.Out, c.GoLinker = cmdlink.ModeExe, filepath.Join(t.TempDir(), "out"), cmdlink.Own
		tt.edit(&c)
		if _, err := cmdlink.Link(c); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("error %v, want %q", err, tt.err)
		}
		c.GoLinker = cmdlink.Auto
		warnings, err := cmdlink.Link(c)
		if err != nil || !strings.Contains(warnings, "linked by the Go SDK's linker: "+tt.err) {
			t.Errorf("warnings %q, error %v, want %q", warnings, err, tt.err)
		}
	}
	var g cmdlink.GoLinker
	if err := g.Set("gold"); err == nil {
		t.Error("another linker is taken")
	}
}
