package elf_test

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	. "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// debug/elf is the oracle for files that are well-formed: those of elftest, the
// running test binary, and the programs that GO3S_TEST_BINARIES names (paths
// separated like those of PATH).
func TestAgainstDebugELF(t *testing.T) {
	files := map[string][]byte{}
	for _, m := range elftest.Machines {
		spec := elftest.Executable(m)
		files[m.String()] = spec.Build().Data
		spec.HeadersFirst = true
		files[m.String()+", headers first"] = spec.Build().Data
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(filepath.SplitList(os.Getenv("GO3S_TEST_BINARIES")), self) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if path == self && !bytes.HasPrefix(data, []byte(elf.ELFMAG)) {
			continue // the tests run on a system without ELF
		}
		files[path] = data
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) { compare(t, data) })
	}
}

func compare(t *testing.T, data []byte) {
	want, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Header.Entry != want.Entry || elf.Type(got.Header.Type) != want.Type || elf.Machine(got.Header.Machine) != want.Machine {
		t.Errorf("header %+v, want %+v", got.Header, want.FileHeader)
	}
	if len(got.Progs) != len(want.Progs) || len(got.Sections) != len(want.Sections) {
		t.Fatalf("%d segments, %d sections; want %d, %d", len(got.Progs), len(got.Sections), len(want.Progs), len(want.Sections))
	}
	for i, p := range got.Progs {
		g := elf.ProgHeader{Type: elf.ProgType(p.Type), Flags: elf.ProgFlag(p.Flags), Off: p.Off, Vaddr: p.Vaddr, Paddr: p.Paddr,
			Filesz: p.Filesz, Memsz: p.Memsz, Align: p.Align}
		if g != want.Progs[i].ProgHeader {
			t.Errorf("segment %d is %+v, want %+v", i, g, want.Progs[i].ProgHeader)
		}
		bytesWant := make([]byte, p.Filesz)
		want.Progs[i].ReadAt(bytesWant, 0)
		if b, err := got.SegmentData(&p); err != nil || !bytes.Equal(b, bytesWant) {
			t.Errorf("segment %d: contents differ (%v)", i, err)
		}
	}
	for i := range got.Sections {
		s, w := &got.Sections[i], want.Sections[i]
		if s.Str != w.Name || elf.SectionType(s.Type) != w.Type || elf.SectionFlag(s.Flags) != w.Flags || s.Addr != w.Addr || s.Off != w.Offset ||
			s.Size != w.FileSize || s.Link != w.Link || s.Info != w.Info || s.Addralign != max(w.Addralign, s.Addralign) || s.Entsize != w.Entsize {
			t.Errorf("section %d is %+v, want %+v", i, s, w.SectionHeader)
		}
		if w.Type == elf.SHT_NULL || w.Type == elf.SHT_NOBITS || w.Flags&elf.SHF_COMPRESSED != 0 {
			continue // Data of debug/elf decompresses
		}
		bytesWant, err := w.Data()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := got.SectionData(s); err != nil || !bytes.Equal(b, bytesWant) {
			t.Errorf("section %s: contents differ (%v)", s.Str, err)
		}
	}
	compareSymbols(t, got, ".symtab", want.Symbols)
	compareSymbols(t, got, ".dynsym", want.DynamicSymbols)
}

func compareSymbols(t *testing.T, f *File, section string, oracle func() ([]elf.Symbol, error)) {
	want, err := oracle()
	s := f.Section(section)
	if errors.Is(err, elf.ErrNoSymbols) {
		if s != nil && s.Size > SymbolSize {
			t.Errorf("%s: found symbols, want none", section)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	syms, err := f.Symbols(s)
	if err != nil {
		t.Fatal(err)
	}
	var got []elf.Symbol
	for _, sym := range syms[1:] { // debug/elf leaves out the null symbol
		got = append(got, elf.Symbol{Name: sym.Str, Info: sym.Info, Other: sym.Other, Section: elf.SectionIndex(sym.Shndx), Value: sym.Value,
			Size: sym.Size})
	}
	equal := func(a, b elf.Symbol) bool {
		// Versions are not in the symbol table but in sections of their own.
		return a.Name == b.Name && a.Info == b.Info && a.Other == b.Other && a.Section == b.Section && a.Value == b.Value && a.Size == b.Size
	}
	if !slices.EqualFunc(got, want, equal) {
		t.Errorf("%s: %d symbols differ from the %d of debug/elf", section, len(got), len(want))
	}
}
