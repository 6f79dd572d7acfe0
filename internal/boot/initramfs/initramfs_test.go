package initramfs

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/cpio"
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

// TestFilesRefused: Files says of every entry what it is, so it refuses archives with others. The kernel unpacks them.
func TestFilesRefused(t *testing.T) {
	program := cpio.Entry{Name: "init", Mode: cpio.Regular | 0o755, Data: []byte("program")}
	other := cpio.Entry{Name: "other", Mode: cpio.Regular | 0o644, Data: []byte("x")}
	dev := []cpio.Entry{{Name: "dev", Mode: cpio.Directory | 0o755}, console}
	archive := func(entries ...cpio.Entry) []byte {
		var out []byte
		for i, e := range entries {
			e.Inode = i + 1
			out = cpio.Append(out, e)
		}
		return cpio.End(out)
	}
	good := archive(append(slices.Clone(dev), program, other)...)
	if files, err := Files(good); err != nil || len(files) != 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"a symbolic link", archive(append(slices.Clone(dev), program, cpio.Entry{Name: "link", Mode: cpio.Link | 0o777, Data: []byte("init")})...),
			"link: mode 0120777, want a file, a directory or /dev/console"},
		{"a device", archive(append(slices.Clone(dev), cpio.Entry{Name: "dev/mem", Mode: cpio.Device | 0o600, Major: 1, Minor: 1}, program)...),
			"dev/mem: mode 020600, want a file"},
		{"an empty directory", archive(append(slices.Clone(dev), cpio.Entry{Name: "empty", Mode: cpio.Directory | 0o755}, program)...),
			"it was not made by uki"},
		{"another order", archive(append(slices.Clone(dev), other, program)...), "it was not made by uki"},
		{"no console", archive(program), "it was not made by uki"},
		{"a second archive", append(slices.Clone(good), archive(other)...), ""},
		{"no /init", archive(append(slices.Clone(dev), other)...), "no executable file /init"},
	} {
		if files, err := Files(tt.data); err == nil || files != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %d files, error %v, want %q", tt.name, len(files), err, tt.want)
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
