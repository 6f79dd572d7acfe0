package scratch

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// program is larger than what the heap holds.
func program() []byte {
	spec := elftest.Spec{Machine: elf.EM_X86_64, Type: elf.ET_EXEC, Sections: []elftest.Section{
		{Name: ".data", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: bytes.Repeat([]byte("text"), least/2)},
	}}
	return spec.Build().Data
}

// What is given keeps its bytes while pages are dropped, and in a file made of it after the end of the space. Nothing is left on disk, and
// no folder for temporary files is needed.
func TestSpace(t *testing.T) {
	dir := t.TempDir()
	want := program()
	for _, temporary := range []string{dir, filepath.Join(dir, "none")} {
		t.Setenv("TMPDIR", temporary)
		var s Space
		small, data := s.Bytes(3), s.Bytes(uint64(len(want)))
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("%d entries in the folder: %v", len(entries), err)
		}
		if len(small) != 3 || len(data) != len(want) || !bytes.Equal(data, make([]byte, len(want))) {
			t.Fatalf("%d and %d bytes, want 3 and %d zeros", len(small), len(data), len(want))
		}
		copy(data, want)
		s.drop()
		if !bytes.Equal(data, want) {
			t.Error("pages that were dropped came back with other bytes")
		}
		f, err := s.Parse("test", data)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if !bytes.Equal(f.Data, want) || f.Name != "test" || f.Section(".data") == nil {
			t.Errorf("%s: another file", f.Name)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNothing(t *testing.T) {
	var s Space
	if b := s.Bytes(0); len(b) != 0 {
		t.Errorf("%d bytes, want none", len(b))
	}
	if _, err := s.Parse("test", nil); err == nil {
		t.Error("nothing is an ELF file")
	}
	s.Close()
}
