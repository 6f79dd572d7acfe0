package inputfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("contents"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		if data, err := Read(path, 8); err != nil || string(data) != "contents" {
			t.Errorf("%s holds %q (%v)", path, data, err)
		}
	}
	if data, err := Read("/proc/self/status", Text); err != nil || !strings.Contains(string(data), "Pid:") {
		t.Errorf("/proc/self/status has %d bytes (%v)", len(data), err)
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(in("pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", in("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in("sparse"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(in("sparse"), 1<<40); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:          "is a directory, want a regular file",
		in("pipe"):   "is a named pipe, want a regular file",
		in("link"):   "is a named pipe, want a regular file",
		"/dev/zero":  "is a device, want a regular file",
		in("none"):   "no such file",
		in("sparse"): "has 1099511627776 bytes, want at most 67108864",
	} {
		data, err := Read(path, Text)
		var pathError *fs.PathError
		if data != nil || !errors.As(err, &pathError) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
	if _, err := Read("/proc/self/status", 10); err == nil || !strings.Contains(err.Error(), "has more than 10 bytes") {
		t.Errorf("error %v", err)
	}
}

// A file that gets shorter is an error, not less data.
func TestShorter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				os.Truncate(path, 1)
				os.Truncate(path, 1<<20)
			}
		}
	}()
	shorter := false
	for range 20_000 {
		data, err := Read(path, Data)
		if err == nil && len(data) != 1 && len(data) != 1<<20 {
			t.Fatalf("%d bytes", len(data))
		}
		if err != nil {
			if !strings.Contains(err.Error(), "has got shorter") {
				t.Fatal(err)
			}
			shorter = true
			break
		}
	}
	close(stop)
	<-done
	if !shorter {
		t.Log("NOT TESTED: the file did not get shorter between two steps of Read")
	}
}
