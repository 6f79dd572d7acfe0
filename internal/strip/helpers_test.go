package strip_test

import (
	"bytes"
	"debug/elf"
	"slices"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	. "github.com/go3s/rules_go3s/internal/strip"
)

// stripBytes strips data and returns the output as one slice.
func stripBytes(data []byte, o *Options) ([]byte, error) {
	f, err := goelf.Parse("input", data)
	if err != nil {
		return nil, err
	}
	out, err := Strip(f, o)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := out.Write(&b, bytes.NewReader(data)); err != nil {
		return nil, err
	}
	if uint64(b.Len()) != out.Size {
		panic("Output.Size is not the size of the pieces")
	}
	if !bytes.Equal(out.Bytes(data), b.Bytes()) {
		panic("Output.Bytes is not what Output.Write writes")
	}
	return b.Bytes(), nil
}

// mustStrip strips data, checks what holds for every output, and returns it.
func mustStrip(t testing.TB, data []byte, o *Options) []byte {
	t.Helper()
	before := bytes.Clone(data)
	out, err := stripBytes(data, o)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, data) {
		t.Fatal("input was changed")
	}
	checkOutput(t, data, out, o)
	return out
}

// checkOutput checks what holds for every output: it is a well-formed file, the
// program in it is the input's byte for byte, it is not larger, and stripping
// it again gives the same.
func checkOutput(t testing.TB, in, out []byte, o *Options) {
	t.Helper()
	if o.DebugLink == nil && len(out) > len(in) {
		t.Errorf("output has %d bytes, more than the %d of the input", len(out), len(in))
	}
	was, err := goelf.Parse("input", in)
	if err != nil {
		t.Fatal(err)
	}
	is, err := goelf.Parse("output", out)
	if err != nil {
		t.Fatal(err)
	}
	// Not every well-formed file is one for debug/elf: it lacks PN_XNUM.
	if _, err := elf.NewFile(bytes.NewReader(in)); err == nil {
		if _, err := elf.NewFile(bytes.NewReader(out)); err != nil {
			t.Fatalf("debug/elf: %v", err)
		}
	}
	for i := range is.Sections {
		if s := &is.Sections[i]; elf.SectionType(s.Type) == elf.SHT_SYMTAB {
			if _, err := is.Symbols(s); err != nil {
				t.Error(err)
			}
		}
	}

	h := was.Header
	h.Shoff, h.Shnum, h.Shstrndx = is.Header.Shoff, is.Header.Shnum, is.Header.Shstrndx
	if is.Header != h {
		t.Errorf("ELF header is %+v, was %+v", is.Header, was.Header)
	}
	if !slices.Equal(is.Progs, was.Progs) {
		t.Errorf("segments are %+v, were %+v", is.Progs, was.Progs)
	}
	for i := range is.Progs {
		a, err := was.SegmentData(&was.Progs[i])
		if err != nil {
			t.Fatal(err)
		}
		b, err := is.SegmentData(&is.Progs[i])
		if err != nil {
			t.Fatal(err)
		}
		off := was.Progs[i].Off
		a, b = blankHeaders(was, off, a), blankHeaders(was, off, b)
		if !bytes.Equal(a, b) {
			t.Errorf("segment %d has changed", i)
		}
	}
	for i := range was.Sections {
		s := was.Sections[i]
		if s.Flags&uint64(elf.SHF_ALLOC) == 0 || elf.SectionType(s.Type) == elf.SHT_NULL {
			continue
		}
		found := slices.ContainsFunc(is.Sections, func(x goelf.Section) bool {
			return x.Str == s.Str && x.Type == s.Type && x.Flags == s.Flags && x.Addr == s.Addr && x.Off == s.Off && x.Size == s.Size &&
				x.Addralign == s.Addralign && x.Entsize == s.Entsize
		})
		if !found {
			t.Errorf("loaded section %s is missing or has changed", s.Str)
		}
	}

	again, err := stripBytes(out, o)
	if err != nil {
		t.Fatalf("stripping again: %v", err)
	}
	if !bytes.Equal(again, out) {
		t.Errorf("stripping again gives another file: %d bytes, want the same %d", len(again), len(out))
	}
}

// blankHeaders returns a copy of data, which is at file offset off, with the ELF
// header and the section header table zeroed: those may change.
func blankHeaders(f *goelf.File, off uint64, data []byte) []byte {
	b := bytes.Clone(data)
	blank := func(from, to uint64) {
		for i := max(from, off); i < min(to, off+uint64(len(b))); i++ {
			b[i-off] = 0
		}
	}
	blank(0, goelf.HeaderSize)
	blank(f.Header.Shoff, f.Header.Shoff+uint64(len(f.Sections))*goelf.SectionHeaderSize)
	return b
}

func symbolNames(t testing.TB, data []byte) []string {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	syms, err := f.Symbols()
	if err != nil && f.Section(".symtab") != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range syms {
		name := s.Name
		if elf.ST_TYPE(s.Info) == elf.STT_SECTION {
			name = "(section)"
		}
		names = append(names, name)
	}
	return names
}

// otherSections returns the names of the sections that are not loaded, the
// tables of names and symbols left out.
func otherSections(t testing.TB, data []byte) []string {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range f.Sections[1:] {
		if s.Flags&elf.SHF_ALLOC == 0 && s.Type != elf.SHT_SYMTAB && s.Type != elf.SHT_STRTAB {
			names = append(names, s.Name)
		}
	}
	return names
}

// executables returns the same program for all machines, with the section
// header table at the end and at the start.
func executables() []*elftest.Spec {
	var specs []*elftest.Spec
	for _, m := range elftest.Machines {
		for _, first := range []bool{false, true} {
			spec := elftest.Executable(m)
			spec.HeadersFirst = first
			specs = append(specs, spec)
		}
	}
	return specs
}

func names(list ...string) (p Patterns) {
	for _, s := range list {
		p.AddName(s)
	}
	return p
}

func globs(list ...string) (p Patterns) {
	for _, s := range list {
		p.AddGlob(s)
	}
	return p
}
