package initramfs

import (
	"bytes"
	"strings"
	"testing"
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
