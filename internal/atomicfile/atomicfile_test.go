package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func setUp(t *testing.T) (dir, path string) {
	dir = t.TempDir()
	path = filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, path
}

// check checks the file's contents and that nothing else is in the directory.
func check(t *testing.T, dir, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("file holds %q (%v), want %q", got, err, want)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("directory holds %v (%v), want one file", entries, err)
	}
}

func TestWrite(t *testing.T) {
	dir, path := setUp(t)
	if err := Write(path, 0o754|fs.ModeSetuid, []byte("new "), nil, []byte("contents")); err != nil {
		t.Fatal(err)
	}
	check(t, dir, path, "new contents")
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o754 {
		t.Errorf("mode %v (%v), want -rwxr-xr--", info.Mode(), err)
	}
}

func TestFailedWrite(t *testing.T) {
	dir, path := setUp(t)
	failure := errors.New("failure")
	err := WriteFunc(path, 0o644, func(w io.Writer) error {
		io.WriteString(w, "part")
		return failure
	})
	if err != failure {
		t.Errorf("error %v, want that of the function", err)
	}
	check(t, dir, path, "old")
}

func TestPanic(t *testing.T) {
	dir, path := setUp(t)
	func() {
		defer func() { recover() }()
		WriteFunc(path, 0o644, func(w io.Writer) error { panic("mistake") })
	}()
	check(t, dir, path, "old")
}

func TestMissingDirectory(t *testing.T) {
	dir, path := setUp(t)
	if err := Write(filepath.Join(dir, "none", "file"), 0o644); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want that the directory does not exist", err)
	}
	check(t, dir, path, "old")
}

// A directory cannot be replaced by a file.
func TestFailedRename(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "directory")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, 0o644, []byte("x")); err == nil {
		t.Error("no error")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 || !entries[0].IsDir() {
		t.Errorf("directory holds %v (%v)", entries, err)
	}
}
