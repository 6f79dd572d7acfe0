package initramfs

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

func TestBuild(t *testing.T) {
	files := []File{{"/init", 0o755, []byte("program")}, {"/etc/trust/a.pem", 0o644, []byte("key")}}
	got, err := Build(files)
	if err != nil {
		t.Fatal(err)
	}
	var order []int
	for _, name := range []string{"dev\x00", "dev/console\x00", "etc\x00", "etc/trust\x00", "etc/trust/a.pem\x00", "init\x00", "TRAILER!!!\x00"} {
		order = append(order, bytes.Index(got, []byte(name)))
	}
	last := -1
	for i, off := range order {
		if off <= last {
			t.Fatalf("name %d is at %d, and the one before at %d", i, off, last)
		}
		last = off
	}
	files[0], files[1] = files[1], files[0]
	if again, err := Build(files); err != nil || !bytes.Equal(again, got) {
		t.Errorf("files in another order: other bytes, %v", err)
	}
}

func TestRefused(t *testing.T) {
	init := File{"/init", 0o755, nil}
	for _, tt := range []struct {
		files []File
		want  string
	}{
		{nil, "no executable file /init"},
		{[]File{{"/init", 0o644, nil}}, "no executable file /init"},
		{[]File{{"/init/x", 0o755, nil}}, "no executable file /init"},
		{[]File{init, init}, "it is there twice"},
		{[]File{init, {"/init/x", 0o755, nil}}, "/init is a file, want a directory"},
		{[]File{{"/init/x", 0o755, nil}, init}, "it is there twice, or another file's directory"},
		{[]File{init, {"bin/x", 0o755, nil}}, "want an absolute path"},
		{[]File{init, {"/bin/../x", 0o755, nil}}, "want an absolute path"},
		{[]File{init, {"/", 0o755, nil}}, "want an absolute path"},
		{[]File{init, {"/x", 0o4755 | 1<<31, nil}}, "want permissions alone"},
	} {
		got, err := Build(tt.files)
		if err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: got %d bytes, %v, want %q", tt.files, len(got), err, tt.want)
		}
	}
}

// FuzzFiles: what Files takes has an executable /init, no path twice, and is what Build writes.
func FuzzFiles(f *testing.F) {
	for _, files := range [][]File{
		{{"/init", 0o755, []byte("program")}},
		{{"/init", 0o755, nil}, {"/etc/trust/a.pem", 0o644, []byte("key")}, {"/bin/server", 0o755, []byte("server")}},
	} {
		archive, err := Build(files)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(archive)
		f.Add(archive[:len(archive)-8])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var files []File
		var err error
		fuzztest.Bounded(t, len(data), 64, func() { files, err = Files(data) })
		if err != nil {
			if files != nil {
				t.Errorf("both files and the error %v", err)
			}
			return
		}
		init := false
		for _, file := range files {
			init = init || file.Path == "/init" && file.Mode&0o111 != 0
		}
		again, err := Build(files)
		if err != nil || !bytes.Equal(again, data) || !init {
			t.Errorf("%q: %d files, /init is executable: %v, made again it differs (%v)", data, len(files), init, err)
		}
	})
}
