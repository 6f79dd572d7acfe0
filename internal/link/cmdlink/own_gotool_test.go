package cmdlink_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

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
						func(c *cmdlink.Config) { c.StripAll, c.Traceback = true, "functions" },
						func(c *cmdlink.Config) { c.StripSymbols, c.Ldflags = true, []string{"-funcalign=64"} },
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

// TestOwnGenerated links a package that Bazel generated: the names of its sources lose what precedes the package.
func TestOwnGenerated(t *testing.T) {
	dir, err := filepath.Abs("../../../tools/golink/testdata/hello")
	if err != nil {
		t.Fatal(err)
	}
	p := linktest.Compile(t, "amd64", dir, true, "-gcflags=-trimpath="+dir+"=>bazel-out/k8-fastbuild/bin/some/package")
	files := map[cmdlink.GoLinker][]byte{}
	for _, linker := range []cmdlink.GoLinker{cmdlink.Own, cmdlink.CmdLink} {
		out := filepath.Join(t.TempDir(), "out")
		p.Link(t, cmdlink.ModeStaticPIE, out, func(c *cmdlink.Config) { c.StripSymbols, c.GoLinker = true, linker })
		if files[linker], err = os.ReadFile(out); err != nil {
			t.Fatal(err)
		}
	}
	own := files[cmdlink.Own]
	if !bytes.Equal(own, files[cmdlink.CmdLink]) {
		t.Errorf("%d bytes, want the %d of cmd/link", len(own), len(files[cmdlink.CmdLink]))
	}
	if bytes.Contains(own, []byte("bazel-out")) || !bytes.Contains(own, []byte("\x00some/package/")) {
		t.Error("the function table does not name the source as some/package/…")
	}
}

// TestOwnCompiled links archives that the compiler made otherwise than usual: package golink links them as cmd/link does, or says why it
// does not. Those of the race detector need cgo, so that there are none.
func TestOwnCompiled(t *testing.T) {
	profile := filepath.Join(t.TempDir(), "cpu.pprof")
	recordProfile(t, profile)
	for _, tt := range []struct {
		name   string
		flags  []string
		reason string // why cmd/link does it; "" where package golink can
	}{
		{"profile", []string{"-pgo=" + profile}, ""},
		{"without optimization", []string{"-gcflags=-N -l"}, ""},
		{"coverage", []string{"-cover"}, "a counter of coverage or fuzzing: this needs the SDK's linker"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := linktest.Compile(t, runtime.GOARCH, "../../../tools/golink/testdata/hello", false, tt.flags...)
			link := func(g cmdlink.GoLinker) (file []byte, warnings string) {
				c := p.Config()
				c.BuildMode, c.StripDWARF, c.GoLinker, c.Out = cmdlink.ModeExe, true, g, filepath.Join(t.TempDir(), "out")
				warnings, err := cmdlink.Link(c)
				if err != nil {
					t.Fatalf("%s: %v", g, err)
				}
				file, err = os.ReadFile(c.Out)
				if err != nil {
					t.Fatal(err)
				}
				return file, warnings
			}
			want, _ := link(cmdlink.CmdLink)
			got, warnings := link(cmdlink.Auto)
			if !bytes.Equal(got, want) {
				t.Errorf("%d bytes, want the %d of cmd/link", len(got), len(want))
			}
			if (warnings == "") != (tt.reason == "") || !strings.Contains(warnings, tt.reason) {
				t.Errorf("warnings %q, want %q", warnings, tt.reason)
			}
		})
	}
}

// TestOwnFuzzing links an archive with counters of libFuzzer: package golink leaves it to cmd/link, and what that makes is refused.
func TestOwnFuzzing(t *testing.T) {
	c := linktest.Compile(t, runtime.GOARCH, "../../../tools/golink/testdata/hello", false, "-gcflags=-d=libfuzzer").Config()
	c.BuildMode, c.StripDWARF, c.Out = cmdlink.ModeExe, true, filepath.Join(t.TempDir(), "out")
	for linker, want := range map[cmdlink.GoLinker]string{
		cmdlink.Own:  "a counter of coverage or fuzzing: this needs the SDK's linker",
		cmdlink.Auto: ".go.fuzzcntrs: unknown to go",
	} {
		c.GoLinker = linker
		if _, err := cmdlink.Link(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", linker, err, want)
		}
	}
}

// recordProfile writes a CPU profile of code that hello has, too.
func recordProfile(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < time.Second/2; {
		fmt.Fprintln(io.Discard, "hello", start, []string{"a", "b c"})
	}
	pprof.StopCPUProfile()
}

// TestOwnUnsupported asks for what package golink cannot do: with Own that is an error, and else cmd/link does it.
func TestOwnUnsupported(t *testing.T) {
	p := linktest.Compile(t, "amd64", "../../../tools/golink/testdata/hello", true)
	for _, tt := range []struct {
		edit    func(*cmdlink.Config)
		err     string
		warning string // of Auto and Verify
	}{
		{func(c *cmdlink.Config) {}, "debugging information: this needs the SDK's linker", ""},
		{
			func(c *cmdlink.Config) { c.StripSymbols, c.Ldflags = true, []string{"-checklinkname=0"} },
			"linker option -checklinkname=0: this needs the SDK's linker",
			"linked by the Go SDK's linker: linker option -checklinkname=0: this needs the SDK's linker\n",
		},
	} {
		for _, linker := range []cmdlink.GoLinker{cmdlink.Own, cmdlink.Auto, cmdlink.Verify, cmdlink.CmdLink} {
			c := p.Config()
			c.BuildMode, c.Out, c.GoLinker = cmdlink.ModeExe, filepath.Join(t.TempDir(), "out"), linker
			tt.edit(&c)
			warnings, err := cmdlink.Link(c)
			switch {
			case linker == cmdlink.Own:
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
			case err != nil:
				t.Errorf("%s: %v", linker, err)
			case linker != cmdlink.CmdLink && warnings != tt.warning || linker == cmdlink.CmdLink && warnings != "":
				t.Errorf("%s: warnings %q, want %q", linker, warnings, tt.warning)
			}
		}
	}
}

// TestVerify has cmd/link link what package golink links: it starts, and its refusal and another file of its are errors.
func TestVerify(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, "../../../tools/golink/testdata/hello", true)
	dir := t.TempDir()
	link := func(linker string) error {
		c := p.Config()
		c.BuildMode, c.StripDWARF, c.GoLinker, c.Out = cmdlink.ModeStaticPIE, true, cmdlink.Verify, filepath.Join(dir, "out")
		if linker != "" {
			c.Linker = filepath.Join(dir, "link")
			if err := os.WriteFile(c.Linker, []byte("#!/bin/sh\n"+linker), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		_, err := cmdlink.Link(c)
		return err
	}
	if err := link(""); err != nil {
		t.Error(err)
	}
	os.Remove(filepath.Join(dir, "out"))
	for script, want := range map[string]string{
		"exit 1": "golink links what cmd/link refuses",
		// It writes to the file after -o.
		"while [ \"$1\" != -o ]; do shift; done; echo other > $2": "which differ from offset 0x0 on",
	} {
		if err := link(script); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
			t.Error("there is a program")
		}
	}
	var g cmdlink.GoLinker
	if err := g.Set("gold"); err == nil {
		t.Error("another linker is taken")
	}
}
