//go:build linux

package cmdlink_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/extld"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// callFile is the environment variable that makes this test program the external
// linker of cmd/link: it agrees to everything, and writes its arguments to the file.
const callFile = "CMDLINK_TEST_CALL"

func TestMain(m *testing.M) {
	if file := os.Getenv(callFile); file != "" {
		if err := os.WriteFile(file, []byte(strings.Join(os.Args[1:], "\x00")), 0o666); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	linktest.Main(m)
}

const hello = "../../../tools/golink/testdata/hello"

// modes are ways to link.
var modes = map[string]func(*cmdlink.Config){
	"exe":                  func(c *cmdlink.Config) {},
	"static-pie":           func(c *cmdlink.Config) { c.BuildMode = cmdlink.ModeStaticPIE },
	"stripped":             func(c *cmdlink.Config) { c.StripSymbols = true },
	"static-pie, no DWARF": func(c *cmdlink.Config) { c.BuildMode, c.StripDWARF = cmdlink.ModeStaticPIE, true },
	"build-id and map":     func(c *cmdlink.Config) { c.BuildIDNote, c.Map = "0x0123", filepath.Join(filepath.Dir(c.Out), "map") },
}

// What Link links before cmd/link has said what it wants is what it wants.
func TestExpected(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, hello, true)
	for name, edit := range modes {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c := p.Config()
			c.BuildMode, c.ExtLD, c.Out = cmdlink.ModeExe, os.Args[0], filepath.Join(dir, "out")
			edit(&c)
			args, expected, err := c.Calls(dir)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(c.Linker, args...)
			cmd.Env = []string{"GOROOT=GOROOT", "GOOS=linux", "GOARCH=" + c.GOARCH, callFile + "=" + filepath.Join(dir, "call")}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %v\n%s", cmd, err, out)
			}
			call, err := os.ReadFile(filepath.Join(dir, "call"))
			if err != nil {
				t.Fatal(err)
			}
			// It said yes to clang's option, which golink does not know.
			text := strings.Replace(string(call), "-Qunused-arguments\x00", "", 1)
			got, err := extld.Parse(strings.Split(text, "\x00"))
			if err != nil || got == nil || !got.Same(expected) {
				t.Errorf("cmd/link asks for %+v, %v; want %+v", got, err, expected)
			}
		})
	}
}

// The output is the same when cmd/link starts golink, and when linker options ask
// for something else than what was linked before cmd/link asked.
func TestSameOutput(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, hello, true)
	// The golink that is started was built by the go command at hand, and this test may be by another release, which
	// compresses debug information to other bytes.
	otherGo := gotool.Output(t, "", runtime.GOARCH, "env", "GOVERSION") != runtime.Version()
	for name, edit := range modes {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			link := func(file string, edits ...func(*cmdlink.Config)) []byte {
				out := filepath.Join(dir, file)
				apart := func(c *cmdlink.Config) { c.StripDWARF = c.StripDWARF || otherGo }
				p.Link(t, cmdlink.ModeExe, out, append([]func(*cmdlink.Config){edit, apart}, edits...)...)
				data, err := os.ReadFile(out)
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			here := link("here")
			t.Run("-s in another way", func(t *testing.T) {
				want := link("stripped", func(c *cmdlink.Config) { c.StripSymbols = true })
				if got := link("ldflag", func(c *cmdlink.Config) { c.Ldflags = []string{"-s=true"} }); !bytes.Equal(got, want) {
					t.Errorf("%d bytes, want %d others", len(got), len(want))
				}
			})
			cmdlink.WithoutRelay(t)
			if there := link("there"); !bytes.Equal(here, there) {
				t.Errorf("%d bytes, and %d others when golink is started", len(here), len(there))
			}
		})
	}
}

// An object that golink refuses gives its error, and no output.
func TestRefused(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, hello, true)
	for _, relay := range []bool{true, false} {
		c := p.Config()
		dir := t.TempDir()
		c.BuildMode, c.Out, c.Sections = cmdlink.ModeExe, filepath.Join(dir, "out"), []string{".text=" + os.Args[0]}
		if !relay {
			cmdlink.WithoutRelay(t)
		}
		if _, err := cmdlink.Link(c); err == nil || !strings.Contains(err.Error(), "section .text") {
			t.Errorf("error %v, want one about section .text", err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}
