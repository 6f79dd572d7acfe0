package cmdlink_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

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

// What package golink links from is what cmd/link would ask of its external linker.
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
			if err != nil || got == nil || !reflect.DeepEqual(got, expected) {
				t.Errorf("cmd/link asks for %+v, %v; want %+v", got, err, expected)
			}
		})
	}
}

// What golink refuses gives its error, and no output, whatever loads the packages.
func TestRefused(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, hello, true)
	for _, linker := range []cmdlink.GoLinker{cmdlink.Own, cmdlink.CmdLink} {
		c := p.Config()
		dir := t.TempDir()
		c.BuildMode, c.StripDWARF, c.GoLinker = cmdlink.ModeExe, true, linker
		c.Out, c.Sections = filepath.Join(dir, "out"), []string{".text=" + os.Args[0]}
		if _, err := cmdlink.Link(c); err == nil || !strings.Contains(err.Error(), "section .text") {
			t.Errorf("%s: error %v, want one about section .text", linker, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: left behind: %v, %v", linker, left, err)
		}
	}
}
