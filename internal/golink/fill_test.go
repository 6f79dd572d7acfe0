package golink

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/go3s/rules_go3s/internal/outfile"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// Parts of all sizes are what fills them, and zeros before that, in a file as in memory.
func TestFiller(t *testing.T) {
	sizes := []int{100, partSize, 3, maxPart + 1, 50, maxPart, 7}
	size := 0
	for _, n := range sizes {
		size += n
	}
	want := make([]byte, size)
	at := 0
	for i, n := range sizes {
		want[at], want[at+n-1] = byte(i+1), byte(i+1)
		at += n
	}
	path := filepath.Join(t.TempDir(), "file")
	out, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, file := range []*outfile.File{outfile.InMemory(make([]byte, size)), outfile.New(out, size)} {
		l := newLinker(Config{})
		f := &filler{linker: l, file: file}
		at := 0
		var jobs []func()
		for i, n := range sizes {
			off := at
			jobs = append(jobs, func() {
				f.part(uint64(off), uint64(n), func(b []byte) {
					if len(b) != n || bytes.IndexFunc(b, func(r rune) bool { return r != 0 }) >= 0 {
						t.Errorf("part %d: %d bytes, want %d zeros", i, len(b), n)
					}
					b[0], b[n-1] = byte(i+1), byte(i+1)
				})
			})
			at += n
		}
		parallel.Do(jobs)
		if err := l.failed(); err != nil {
			t.Error(err)
		}
		if !bytes.Equal(file.Bytes, want) {
			t.Errorf("mapped %v: other bytes", file.IsMapped())
		}
		l.pool.end()
	}
}

// A part that cannot be written is an error of the link.
func TestFillerFails(t *testing.T) {
	out, err := os.OpenFile(filepath.Join(t.TempDir(), "file"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	file := outfile.New(out, 4096)
	defer file.Close()
	out.Close()
	l := newLinker(Config{})
	f := &filler{linker: l, file: file}
	f.part(0, 10, func(b []byte) { b[0] = 1 })
	if file.IsMapped() && l.failed() == nil {
		t.Error("no error, want that of the write")
	}
}
