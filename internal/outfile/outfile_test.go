package outfile

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// What is written in either way is in the file, and zeros elsewhere, whether it can be mapped or not.
func TestFile(t *testing.T) {
	const size = 1 << 20
	want := make([]byte, size)
	copy(want[5000:], "written")
	copy(want[70000:], "corrected")
	for _, c := range []struct {
		name   string
		flags  int
		mapped bool
	}{
		{"mapped", os.O_RDWR, runtime.GOOS == "linux"},
		{"not mapped", os.O_WRONLY, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			o, err := os.OpenFile(path, c.flags|os.O_CREATE, 0o644)
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			f := New(o, size)
			if f.IsMapped() != c.mapped {
				t.Errorf("mapped: %v, want %v", f.IsMapped(), c.mapped)
			}
			if err := f.WriteAt([]byte("written"), 5000); err != nil {
				t.Fatal(err)
			}
			copy(f.Bytes[70000:], "corrected")
			if !bytes.Equal(f.Bytes, want) {
				t.Error("other bytes in memory")
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
				t.Errorf("other bytes in the file (%v)", err)
			}
		})
	}
}

func TestInMemory(t *testing.T) {
	data := make([]byte, 10)
	f := InMemory(data)
	if err := f.WriteAt([]byte{1}, 9); err != nil || f.IsMapped() || data[9] != 1 {
		t.Errorf("%v (%v), want the byte in memory", data, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
