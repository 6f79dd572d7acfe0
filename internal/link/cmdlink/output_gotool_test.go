//go:build linux

package cmdlink_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// What is written to an open descriptor is what a file gets; where the program cannot be put, no other output is left.
func TestOutputs(t *testing.T) {
	p := linktest.Compile(t, runtime.GOARCH, "../../../tools/golink/testdata/hello", true)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	link := func(out string) error {
		c := p.Config()
		c.BuildMode, c.Out, c.Map = cmdlink.ModeExe, out, in("map")
		c.StripSymbols, c.Traceback, c.SymbolsFile = true, "external", in("symbols")
		_, err := cmdlink.Link(c)
		return err
	}
	if err := link(in("file")); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(in("file"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"map", "symbols"} {
		if info, err := os.Stat(in(name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, want contents", name, err)
		}
		os.Remove(in(name))
	}

	open, err := os.Create(in("open"))
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := os.Symlink(fmt.Sprintf("/proc/self/fd/%d", open.Fd()), in("link")); err != nil {
		t.Fatal(err)
	}
	if err := link(in("link")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(in("open")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the open file has %d bytes (%v), want the program's %d", len(got), err, len(want))
	}
	if info, err := os.Lstat(in("link")); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is %v (%v)", info.Mode(), err)
	}

	os.Remove(in("map"))
	os.Remove(in("symbols"))
	if err := os.Mkdir(in("directory"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := link(in("directory")); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("error %v, want that the output is a directory", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("the folder holds %v (%v), want file, open, link, directory", entries, err)
	}
}
