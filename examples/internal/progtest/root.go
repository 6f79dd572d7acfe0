//go:build linux

package progtest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// Names of the program and its emulator in a Root.
const (
	programName  = "program"
	emulatorName = "emulator"
)

// Root is a root directory that holds a program, its emulator if it has one, and the files it was made with:
// no device, no /proc, no library, no certificate.
type Root struct {
	dir string
	cmd []string
}

// NewRoot makes a Root for p with the given files, text by path without a leading slash. It is removed
// with the test. It works in a test whose Main isolates.
func NewRoot(t *testing.T, p Program, files map[string]string) Root {
	t.Helper()
	r := Root{dir: t.TempDir()}
	if p.Emulator != "" {
		r.cmd = append(r.cmd, r.add(t, emulatorName, read(t, p.Emulator), 0o755))
	}
	r.cmd = append(r.cmd, r.add(t, programName, read(t, p.Path), 0o755))
	for name, text := range files {
		r.add(t, name, []byte(text), 0o644)
	}
	return r
}

// Command returns the command that starts the program in the root, with args and an empty environment.
func (r Root) Command(args ...string) *exec.Cmd {
	cmd := exec.Command(r.cmd[0], append(r.cmd[1:len(r.cmd):len(r.cmd)], args...)...)
	cmd.Dir = "/"
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: r.dir}
	return cmd
}

// AddProgram copies another program, the file at path, into the root and returns its path as seen from inside.
func (r Root) AddProgram(t *testing.T, name, path string) string {
	t.Helper()
	return r.add(t, name, read(t, path), 0o755)
}

// Run runs the program with args and an empty environment and returns what it left behind. The
// test fails if the root holds other files than before, afterwards.
func (r Root) Run(t *testing.T, args ...string) Result {
	t.Helper()
	before := r.files(t)
	result := Run(t, r.Command(args...))
	if after := r.files(t); !slices.Equal(before, after) {
		t.Errorf("the program changed its root: before %q, after %q", before, after)
	}
	return result
}

// Files returns the sorted paths of all that is in the root but is no directory, without the program and its
// emulator.
func (r Root) Files(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(r.files(t), func(name string) bool { return name == programName || name == emulatorName })
}

func (r Root) files(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(r.dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// add writes one file and returns its path as seen from inside.
func (r Root) add(t *testing.T, name string, data []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
	return "/" + name
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
