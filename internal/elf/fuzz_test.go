package elf_test

import (
	"debug/elf"
	"errors"
	"testing"

	. "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// Every fuzz target has the same oracle: a call gives an error or a value,
// never both and never neither; an error is a *FormatError; nothing panics; and
// what is allocated stays in proportion to the input.

// addSeeds gives a fuzz target the well-formed files and the whole corpus.
func addSeeds(f *testing.F) {
	for _, m := range elftest.Machines {
		spec := elftest.Executable(m)
		f.Add(spec.Build().Data)
		spec.HeadersFirst = true
		f.Add(spec.Build().Data)
	}
	for _, c := range elftest.Malformed() {
		f.Add(c.Data)
	}
}

// bounded holds call to the bounds of every reader: each structure in the file is
// decoded at most once, into a value of at most a few times its size, and appended to
// a slice that at most doubles each time.
func bounded(t *testing.T, data []byte, call func()) {
	t.Helper()
	fuzztest.Bounded(t, len(data), 64, call)
}

// either checks that there is a value or a *FormatError.
func either(t *testing.T, value bool, err error) {
	t.Helper()
	if value == (err != nil) {
		t.Fatalf("value: %v, error: %v; want one of them", value, err)
	}
	var format *FormatError
	if err != nil && !errors.As(err, &format) {
		t.Fatalf("error is a %T, want *FormatError", err)
	}
}

func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var file *File
		var err error
		bounded(t, data, func() { file, err = Parse("fuzz", data) })
		either(t, file != nil, err)
		if err != nil {
			return
		}
		if file.GOARCH() == "" {
			t.Error("no GOARCH")
		}
		// What Parse promises its callers.
		for i := range file.Sections {
			s := &file.Sections[i]
			b, err := file.SectionData(s)
			if err != nil {
				t.Fatalf("section %d: %v", i, err)
			}
			if typ := elf.SectionType(s.Type); typ != elf.SHT_NOBITS && typ != elf.SHT_NULL && uint64(len(b)) != s.Size {
				t.Fatalf("section %d: %d bytes, want %d", i, len(b), s.Size)
			}
			if found := file.Section(s.Str); found != nil && found.Str != s.Str {
				t.Fatalf("section %q found as %q", s.Str, found.Str)
			}
		}
		for i := range file.Progs {
			if _, err := file.SegmentData(&file.Progs[i]); err != nil {
				t.Fatalf("segment %d: %v", i, err)
			}
		}
	})
}

func FuzzSymbols(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		for i := range min(len(file.Sections), 64) {
			var syms []Symbol
			bounded(t, data, func() { syms, err = file.Symbols(&file.Sections[i]) })
			either(t, syms != nil, err)
			for _, sym := range syms {
				if len(sym.Str) > len(data) {
					t.Fatalf("name of %d bytes in a file of %d", len(sym.Str), len(data))
				}
			}
		}
	})
}

func FuzzNotes(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		var notes []Note
		bounded(t, data, func() { notes, err = file.Notes() })
		if err != nil {
			either(t, notes != nil, err) // a file without notes has neither
		}
		for _, n := range notes {
			if n.Off >= uint64(len(data)) {
				t.Fatalf("note at %#x of %#x", n.Off, len(data))
			}
		}
	})
}

func FuzzStringTable(f *testing.F) {
	f.Add([]byte("\x00abc\x00"), uint32(2))
	f.Add([]byte{}, uint32(0))
	f.Fuzz(func(t *testing.T, table []byte, off uint32) {
		spec := elftest.Executable(elf.EM_X86_64)
		spec.Sections = append(spec.Sections, elftest.Section{Name: ".fuzz", Type: elf.SHT_STRTAB, Data: table})
		file, err := Parse("fuzz", spec.Build().Data)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		var ok bool
		bounded(t, file.Data, func() {
			strs, err := file.StringTable(file.Section(".fuzz"))
			if err != nil {
				t.Fatal(err)
			}
			got, ok = strs.At(off)
		})
		want, wantOK := "", false
		if uint64(off) < uint64(len(table)) {
			for i, c := range table[off:] {
				if c == 0 {
					want, wantOK = string(table[off:][:i]), true
					break
				}
			}
		}
		wantOK = wantOK || (off == 0 && len(table) == 0)
		if got != want || ok != wantOK {
			t.Fatalf("At(%d) = %q, %v; want %q, %v", off, got, ok, want, wantOK)
		}
	})
}

func FuzzBytes(f *testing.F) {
	data := elftest.Executable(elf.EM_X86_64).Build().Data
	f.Add(data, uint64(0x400000), uint64(4))
	f.Add(data, uint64(0x401168), ^uint64(0))
	f.Add(data, ^uint64(0), uint64(2))
	f.Fuzz(func(t *testing.T, data []byte, vaddr, n uint64) {
		file, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		var b []byte
		bounded(t, data, func() { b, err = file.Bytes(vaddr, n) })
		either(t, b != nil, err)
		if err == nil && uint64(len(b)) != n {
			t.Fatalf("%d bytes, want %d", len(b), n)
		}
	})
}
