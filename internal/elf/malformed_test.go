package elf_test

import (
	"debug/elf"
	"errors"
	"strings"
	"testing"

	. "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// readAll calls every reader on data: Parse, then all that look into contents.
func readAll(data []byte) (f *File, deep bool, err error) {
	if f, err = Parse("test", data); err != nil {
		return f, false, err
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		if _, err := f.SectionData(s); err != nil {
			return f, true, err
		}
		switch elf.SectionType(s.Type) {
		case elf.SHT_SYMTAB, elf.SHT_DYNSYM:
			if _, err := f.Symbols(s); err != nil {
				return f, true, err
			}
		}
	}
	for i := range f.Progs {
		if _, err := f.SegmentData(&f.Progs[i]); err != nil {
			return f, true, err
		}
	}
	_, err = f.Notes()
	return f, true, err
}

// Every file of the corpus is refused where it says: by Parse, or by a reader
// of contents. What only a rewriting tool refuses must be readable.
func TestMalformed(t *testing.T) {
	for _, c := range elftest.Malformed() {
		t.Run(c.Name, func(t *testing.T) {
			f, deep, err := readAll(c.Data)
			if deep != c.Deep {
				t.Fatalf("Parse accepted it: %v, want %v (error %v)", deep, c.Deep, err)
			}
			if !deep && f != nil {
				t.Error("Parse returned both a file and an error")
			}
			if err == nil {
				if !c.Deep {
					t.Fatal("no error")
				}
				return
			}
			var format *FormatError
			if !errors.As(err, &format) {
				t.Fatalf("error is a %T, want *FormatError", err)
			}
			if !strings.Contains(err.Error(), c.Want) {
				t.Errorf("error %q, want %q in it", err, c.Want)
			}
			t.Log(err)
		})
	}
}
