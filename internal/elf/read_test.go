package elf_test

import (
	"bytes"
	"debug/elf"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

func parse(t *testing.T, data []byte) *File {
	t.Helper()
	f, err := Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestGOARCH(t *testing.T) {
	want := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_RISCV: "riscv64"}
	for _, m := range elftest.Machines {
		if got := parse(t, elftest.Executable(m).Build().Data).GOARCH(); got != want[m] {
			t.Errorf("%v: GOARCH %q, want %q", m, got, want[m])
		}
	}
}

// Counts that do not fit the ELF header live in section header 0 (gABI 4).
func TestExtendedNumbering(t *testing.T) {
	m := elftest.Executable(elf.EM_X86_64).Build()
	plain := parse(t, bytes.Clone(m.Data))
	null := m.Shdr("")
	m.Put64(null+32, uint64(len(plain.Sections)))
	m.Put32(null+40, uint32(plain.Shstrndx))
	m.Put32(null+44, uint32(len(plain.Progs)))
	m.Put16(56, 0xffff)
	m.Put16(60, 0)
	m.Put16(62, uint16(elf.SHN_XINDEX))
	f := parse(t, m.Data)
	if len(f.Sections) != len(plain.Sections) || len(f.Progs) != len(plain.Progs) || f.Shstrndx != plain.Shstrndx {
		t.Errorf("%d sections, %d segments, names in %d; want %d, %d, %d", len(f.Sections), len(f.Progs), f.Shstrndx,
			len(plain.Sections), len(plain.Progs), plain.Shstrndx)
	}
	if f.Section(".text") == nil {
		t.Error("no section .text")
	}
}

func TestNoSectionHeaders(t *testing.T) {
	m := elftest.Executable(elf.EM_X86_64).Build()
	m.Put64(40, 0)
	m.Put16(60, 0)
	m.Put16(62, 0)
	f := parse(t, m.Data)
	if len(f.Sections) != 0 || f.Section("") != nil || f.Section(".text") != nil {
		t.Errorf("found sections: %v", f.Sections)
	}
	if notes, err := f.Notes(); err != nil || len(notes) != 1 {
		t.Errorf("notes %v, %v; want one", notes, err)
	}
}

func TestNotes(t *testing.T) {
	two := append(elftest.Note("GNU", 3, []byte{1, 2, 3}), elftest.Note("", 7, nil)...)
	padded8 := []byte("\x04\x00\x00\x00\x04\x00\x00\x00\x05\x00\x00\x00GNU\x00desc\x00\x00\x00\x00" +
		"\x04\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00GNU\x00")
	for _, test := range []struct {
		name  string
		data  []byte
		align uint64
		want  []Note
	}{
		{"padded-to-4", two, 4, []Note{{Name: "GNU", Type: 3, Desc: []byte{1, 2, 3}}, {Type: 7}}},
		{"padded-to-8", padded8, 8, []Note{{Name: "GNU", Type: 5, Desc: []byte("desc")}, {Name: "GNU", Type: 6}}},
		{"last-padding-missing", two[:19], 4, []Note{{Name: "GNU", Type: 3, Desc: []byte{1, 2, 3}}}},
		{"empty", nil, 4, nil},
	} {
		for _, segments := range []bool{true, false} {
			spec := elftest.Executable(elf.EM_AARCH64)
			spec.Sections[0].Data, spec.Sections[0].Align = test.data, test.align
			m := spec.Build()
			if !segments {
				m.Put16(56, 0)
			}
			notes, err := parse(t, m.Data).Notes()
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			if len(notes) != len(test.want) {
				t.Fatalf("%s: %d notes, want %d", test.name, len(notes), len(test.want))
			}
			for i, n := range notes {
				w := test.want[i]
				if n.Name != w.Name || n.Type != w.Type || !bytes.Equal(n.Desc, w.Desc) {
					t.Errorf("%s: note %d is %q %d %q, want %q %d %q", test.name, i, n.Name, n.Type, n.Desc, w.Name, w.Type, w.Desc)
				}
			}
			if len(notes) > 0 && notes[0].Off != uint64(m.Off(".note.test")) {
				t.Errorf("%s: first note at %#x, want %#x", test.name, notes[0].Off, m.Off(".note.test"))
			}
		}
	}
}

// Headers that all point at the same notes must not multiply the work.
func TestNotesOverlap(t *testing.T) {
	spec := elftest.Executable(elf.EM_X86_64)
	spec.Sections[0].Data = elftest.Note("test", 1, make([]byte, 1000))
	for range 8 {
		spec.Progs = append(spec.Progs, spec.Progs[0])
	}
	_, err := parse(t, spec.Build().Data).Notes()
	if err == nil || !strings.Contains(err.Error(), "notes overlap") {
		t.Errorf("error %v, want one about overlapping notes", err)
	}
}

func TestBytes(t *testing.T) {
	m := elftest.Executable(elf.EM_X86_64).Build()
	f := parse(t, m.Data)
	data, bss := f.Section(".data"), f.Section(".bss")
	for _, test := range []struct {
		name     string
		vaddr, n uint64
		want     string // "" wants an error
	}{
		{"header", 0x400000, 4, "\x7fELF"},
		{"section", data.Addr, 8, "initial!"},
		{"inside", data.Addr + 2, 3, "iti"},
		{"below-all", 0x3fffff, 1, ""},
		{"across-the-end", data.Addr + 4, 5, ""},
		{"zero-filled", bss.Addr, 1, ""},
		{"between-segments", 0x400fff, 1, ""},
		{"above-all", 0x10000000, 1, ""},
		{"huge", 0x400000, math.MaxUint64, ""},
		{"wraps", math.MaxUint64, 2, ""},
	} {
		got, err := f.Bytes(test.vaddr, test.n)
		if (err != nil) != (test.want == "") || string(got) != test.want {
			t.Errorf("%s: Bytes(%#x, %d) = %q, %v; want %q", test.name, test.vaddr, test.n, got, err, test.want)
		}
	}
	if b, err := f.Bytes(data.Addr+8, 0); err != nil || len(b) != 0 {
		t.Errorf("no bytes at the end of a segment: %q, %v", b, err)
	}
}

func TestSectionDataOfZeroFilled(t *testing.T) {
	f := parse(t, elftest.Executable(elf.EM_RISCV).Build().Data)
	if b, err := f.SectionData(f.Section(".bss")); err != nil || len(b) != 0 {
		t.Errorf(".bss: %d bytes, %v; want none", len(b), err)
	}
}

// Strings are found across the blocks of the look-up table.
func TestStringTableBlocks(t *testing.T) {
	long := strings.Repeat("x", 5000)
	spec := elftest.Executable(elf.EM_X86_64)
	for _, name := range []string{long[:1023], long[:1024], long, "y"} {
		spec.Symbols = append(spec.Symbols, elftest.Symbol{Name: name, Bind: elf.STB_GLOBAL, Section: ".text"})
	}
	f := parse(t, spec.Build().Data)
	syms, err := f.Symbols(f.Section(".symtab"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range spec.Symbols {
		if got := syms[i+1].Str; got != want.Name {
			t.Errorf("symbol %d has name %.20q… (%d bytes), want %.20q… (%d bytes)", i+1, got, len(got), want.Name, len(want.Name))
		}
	}
	strs, err := f.StringTable(f.Section(".strtab"))
	if err != nil {
		t.Fatal(err)
	}
	data, _ := f.SectionData(f.Section(".strtab"))
	for off := range data {
		want, _, _ := bytes.Cut(data[off:], []byte{0})
		if got, ok := strs.At(uint32(off)); !ok || got != string(want) {
			t.Fatalf("string at %d has %d bytes (%v), want %d", off, len(got), ok, len(want))
		}
	}
	if _, ok := strs.At(uint32(len(data))); ok {
		t.Error("found a string after the table")
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good", elftest.Executable(elf.EM_X86_64).Build().Data)
	f, err := Open(good)
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != good || f.Section(".text") == nil {
		t.Errorf("file %q lacks .text", f.Name)
	}
	for range 2 { // Close may be called again
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}

	var path *fs.PathError
	var format *FormatError
	for _, test := range []struct {
		path string
		as   any
	}{
		{filepath.Join(dir, "missing"), &path},
		{dir, &path},
		{write("empty", nil), &format},
		{write("text", []byte("hello")), &format},
	} {
		f, err := Open(test.path)
		if f != nil || !errors.As(err, test.as) {
			t.Errorf("%s: %v, %v (%T)", test.path, f, err, err)
		}
		if err != nil && !strings.Contains(err.Error(), test.path) {
			t.Errorf("error does not name the file: %v", err)
		}
	}
}

// Notes that are appended one after the other are read back, and each takes what the specification says.
func TestAppendNote(t *testing.T) {
	b := AppendNote(nil, "Go\x00\x00", 4, []byte("id"))
	want := "\x04\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00Go\x00\x00id\x00\x00"
	if string(b) != want {
		t.Errorf("got %q, want %q", b, want)
	}
	b = AppendNote(b, "a\x00", 0xcafe, []byte("12345"))
	spec := elftest.Executable(elf.EM_X86_64)
	i := slices.IndexFunc(spec.Sections, func(s elftest.Section) bool { return s.Name == ".note.test" })
	spec.Sections[i].Data = b
	notes, err := parse(t, spec.Build().Data).Notes()
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 2 || notes[0].Name != "Go" || string(notes[0].Desc) != "id" ||
		notes[1].Name != "a" || notes[1].Type != 0xcafe || string(notes[1].Desc) != "12345" {
		t.Errorf("read back as %+v", notes)
	}
}
