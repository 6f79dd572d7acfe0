package stdtable

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
)

// The table in the tree is that of each release that it names, of the SDKs at hand, whoever makes it.
func TestShipped(t *testing.T) {
	text, err := os.ReadFile("../std.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitN(text, []byte("\n"), 3)
	releases, table := strings.Fields(string(lines[1]))[1:], lines[2]
	cache := gotool.Output(t, ".", "amd64", "env", "GOMODCACHE")
	roots, err := filepath.Glob(filepath.Join(cache, "golang.org", "toolchain@v0.0.1-go1.*.linux-"+runtime.GOARCH))
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, root := range append(roots, gotool.Output(t, ".", "amd64", "env", "GOROOT")) {
		version, err := os.ReadFile(filepath.Join(root, "VERSION"))
		if err != nil {
			t.Fatal(err)
		}
		release, _, _ := strings.Cut(string(version), "\n")
		if !slices.Contains(releases, release) {
			continue
		}
		got, err := makeOne(root, release)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, table) {
			t.Errorf("%s: std.txt is not the table of %s: run linkcheck stdtable", root, release)
		}
		if compared++; compared > 1 {
			continue
		}
		linked := t.TempDir() // as a repository rule links an SDK of the host
		if err := os.Symlink(filepath.Join(root, "src"), filepath.Join(linked, "src")); err != nil {
			t.Fatal(err)
		}
		if got, err = makeOne(linked, release); err != nil || !bytes.Equal(got, table) {
			t.Errorf("%s with src linked: the table is another: %v", root, err)
		}
		if got, err = makeByOwnGo(root, release); err != nil || !bytes.Equal(got, table) {
			t.Errorf("%s: made by the SDK's own go command, the table is another: %v", root, err)
		}
	}
	if compared == 0 {
		t.Errorf("no SDK at hand is of %q", releases)
	}
}

func TestMakeRefuses(t *testing.T) {
	dir := t.TempDir()
	own := gotool.Output(t, ".", "amd64", "env", "GOVERSION")
	for release, want := range map[string]string{"devel": "is no Go release", "go1.99.0": "by its own go command", own: dir} {
		if table, err := Make([]string{dir}, []string{release}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d bytes, error %v, want %q", release, len(table), err, want)
		}
	}
}

// An SDK that is made of links has the table of the one that they lead to, and one without an end is refused.
func TestLinks(t *testing.T) {
	root := gotool.Output(t, ".", "amd64", "env", "GOROOT")
	want, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(t.TempDir(), "src")
	link := func(from, to string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "src"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		link(filepath.Join(root, "src", e.Name()), filepath.Join(linked, e.Name()))
	}
	got, err := generate(filepath.Dir(linked))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes of a table, want the %d of the SDK that the links lead to", len(got), len(want))
	}
	link(linked, filepath.Join(linked, "loop"))
	if _, err := generate(filepath.Dir(linked)); err == nil || !strings.Contains(err.Error(), "a link leads to a directory that it is in") {
		t.Errorf("error %v, want one about the link", err)
	}
}
