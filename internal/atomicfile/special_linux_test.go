package atomicfile

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func symlink(t *testing.T, target, link string) {
	t.Helper()
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
}

// isLink checks that link is still a symbolic link.
func isLink(t *testing.T, link string) {
	t.Helper()
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("%s is %v (%v), want a link", link, info.Mode(), err)
	}
}

// A link to a file is replaced and the file stays, as GNU strip -o does; so is a link to nothing.
func TestLinkToFile(t *testing.T) {
	dir, path := setUp(t)
	for _, target := range []string{"file", "none"} {
		link := filepath.Join(dir, "link")
		symlink(t, target, link)
		if err := Write(link, 0o644, []byte("new")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() {
			t.Errorf("the link is %v (%v), want a file", info.Mode(), err)
		}
		os.Remove(link)
	}
	check(t, dir, path, "old")
}

// What is no place for a file is written to: a pipe, a device, a descriptor, each by name, by a link and by a link to a link.
func TestWrittenTo(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	file, err := os.OpenFile(filepath.Join(dir, "open"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	socket := os.NewFile(uintptr(sockets[1]), "socket")
	for i, test := range []struct {
		target string
		read   func() (io.Reader, func())
	}{
		{pipe, func() (io.Reader, func()) {
			f, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
			if err != nil {
				t.Fatal(err)
			}
			return f, func() { f.Close() }
		}},
		{fmt.Sprintf("/proc/self/fd/%d", w.Fd()), func() (io.Reader, func()) { return r, func() {} }},
		{fmt.Sprintf("/dev/fd/%d", w.Fd()), func() (io.Reader, func()) { return r, func() {} }},
		{fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), w.Fd()), func() (io.Reader, func()) { return r, func() {} }},
		{fmt.Sprintf("/proc/self/fd/%d", file.Fd()), func() (io.Reader, func()) {
			return file, func() {}
		}},
		{fmt.Sprintf("/proc/self/fd/%d", sockets[0]), func() (io.Reader, func()) { return socket, func() {} }},
	} {
		link, second := filepath.Join(dir, fmt.Sprint("link", i)), filepath.Join(dir, fmt.Sprint("second", i))
		symlink(t, test.target, link)
		symlink(t, filepath.Base(link), second)
		for _, path := range []string{test.target, link, second} {
			from, done := test.read()
			if !IsSpecial(path) {
				t.Errorf("%s is taken for a file", path)
			}
			if err := Write(path, 0o755, []byte("con"), []byte("tents")); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if from == file {
				file.Seek(-8, io.SeekCurrent)
			}
			got := make([]byte, 8)
			if _, err := io.ReadFull(from, got); err != nil || string(got) != "contents" {
				t.Errorf("%s (%s): got %q (%v)", path, test.target, got, err)
			}
			done()
		}
		isLink(t, link)
		isLink(t, second)
	}
	link := filepath.Join(dir, "null")
	symlink(t, os.DevNull, link)
	if err := Write(link, 0o755, []byte("contents")); err != nil {
		t.Error(err)
	}
	isLink(t, link)
}

func TestNoDestination(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(in("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", in("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	input, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer input.Close()
	for target, want := range map[string]string{
		in("pipe"):                "no process reads from it",
		in("socket"):              "is a socket",
		dir:                       "is a directory",
		"/proc/self/fd/999":       "bad file descriptor",
		"/proc/self/fd/notnumber": "no such file",
		"/proc/self/cwd":          "is a directory",
		fmt.Sprintf("/proc/self/fd/%d", input.Fd()): "is open for reading only",
	} {
		link := in("link")
		symlink(t, target, link)
		begin := time.Now()
		if err := Write(link, 0o644, []byte("x")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", target, err, want)
		}
		if spent := time.Since(begin); spent > time.Second {
			t.Errorf("%s: took %v", target, spent)
		}
		isLink(t, link)
		os.Remove(link)
	}
}

// Outputs of one batch are there together or not at all.
func TestBatch(t *testing.T) {
	dir, path := setUp(t)
	other := filepath.Join(dir, "other")
	stage := func() *Batch {
		b := &Batch{}
		if err := b.Write(other, 0o644, []byte("side")); err != nil {
			t.Fatal(err)
		}
		if err := b.Write(path, 0o644, []byte("new")); err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := stage()
	b.Close()
	check(t, dir, path, "old")

	b = stage()
	os.Remove(path)
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(); err == nil {
		t.Error("no error where a directory is in the way")
	}
	b.Close()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("directory holds %v (%v), want what was there", entries, err)
	}
	os.Remove(path)

	b = stage()
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	b.Close()
	for file, want := range map[string]string{other: "side", path: "new"} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v), want %q", file, got, err, want)
		}
	}
}

func TestMove(t *testing.T) {
	dir, path := setUp(t)
	temporary := filepath.Join(dir, "temporary")
	if err := os.WriteFile(temporary, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	var b Batch
	if err := b.Move(path, temporary); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	b.Close()
	check(t, dir, path, "new")
}
