package strip_test

import (
	"bytes"
	"debug/elf"
	"slices"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	. "github.com/go3s/rules_go3s/internal/strip"
)

// What stays of the symbols and of the sections that are not loaded, by option.
// The expectations are what GNU strip does, go:func.* apart.
func TestWhatStays(t *testing.T) {
	const (
		all     = "main.go (section) go:func.* .Llabel local info _start a_start data missing"
		globals = "_start a_start data missing"
		debug   = ".debug_info .debug_line .comment"
	)
	for _, test := range []struct {
		name     string
		options  Options
		symbols  string
		sections string
	}{
		{"nothing-asked", Options{}, all, debug},
		{"all", Options{Mode: All}, "go:func.*", ".comment"},
		{"all-and-go-func", Options{Mode: All, DropGoFunc: true}, "", ".comment"},
		{"unneeded", Options{Mode: Unneeded}, "go:func.*", ".comment"},
		{"debug", Options{Mode: Debug}, "go:func.* .Llabel local " + globals, ".comment"},
		{"discard-locals", Options{Discard: DiscardLocals}, "main.go (section) go:func.* " + globals, ".comment"},
		{"discard-locals-and-go-func", Options{Discard: DiscardLocals, DropGoFunc: true}, "main.go (section) " + globals, ".comment"},
		{"discard-labels", Options{Discard: DiscardLabels}, "main.go (section) go:func.* local info " + globals, debug},
		{"debug-and-locals", Options{Mode: Debug, Discard: DiscardLocals}, "go:func.* " + globals, ".comment"},
		{"keep-symbol", Options{Mode: All, KeepSymbols: names("data", "local")}, "go:func.* local data", ".comment"},
		{"keep-symbol-of-removed-section", Options{Mode: All, KeepSymbols: names("info")}, "go:func.*", ".comment"},
		{"keep-symbols-by-pattern", Options{Mode: All, KeepSymbols: globs("*start")}, "go:func.* _start a_start", ".comment"},
		{"keep-symbols-but-some", Options{Mode: All, KeepSymbols: globs("*start", "!a*")}, "go:func.* _start", ".comment"},
		{"strip-symbol", Options{StripSymbols: names("local", "data", "no such")}, "main.go (section) go:func.* .Llabel info _start a_start missing", debug},
		{"strip-symbol-go-func", Options{Mode: All, StripSymbols: names("go:func.*")}, "", ".comment"},
		{"strip-symbols-by-pattern", Options{StripSymbols: globs("*a*")}, "(section) go:func.* info missing", debug},
		{"keep-wins-over-strip", Options{StripSymbols: globs("*"), KeepSymbols: names("data")}, "data", debug},
		{"remove-section", Options{RemoveSections: globs(".comment", ".debug_l*")}, all, ".debug_info"},
		{"remove-section-with-symbol", Options{RemoveSections: globs(".debug_info")}, "main.go (section) go:func.* .Llabel local " + globals, ".debug_line .comment"},
		{"keep-section", Options{Mode: All, KeepSections: globs(".debug_i*")}, "go:func.*", ".debug_info .comment"},
		{"keep-section-wins-over-remove", Options{RemoveSections: globs(".*"), KeepSections: globs(".[!d]*", ".data")}, "main.go (section) go:func.* .Llabel local " + globals, ".comment"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, spec := range executables() {
				out := mustStrip(t, spec.Build().Data, &test.options)
				if got := strings.Join(symbolNames(t, out), " "); strings.TrimSpace(got) != test.symbols {
					t.Errorf("%v, HeadersFirst=%v: symbols %q, want %q", spec.Machine, spec.HeadersFirst, got, test.symbols)
				}
				if got := strings.Join(otherSections(t, out), " "); got != test.sections {
					t.Errorf("%v, HeadersFirst=%v: sections %q, want %q", spec.Machine, spec.HeadersFirst, got, test.sections)
				}
			}
		})
	}
}

// Symbols that stay keep everything but the numbers of name and section, and
// point to the same section by its new number.
func TestSymbolsUnchanged(t *testing.T) {
	spec := elftest.Executable(elf.EM_RISCV)
	// A section before those of the program, so that all numbers change.
	spec.Sections = append([]elftest.Section{{Name: ".debug_first", Type: elf.SHT_PROGBITS}}, spec.Sections...)
	data := spec.Build().Data
	read := func(data []byte) (*elf.File, map[string]elf.Symbol, []elf.Symbol) {
		f, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		syms, err := f.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		byName := map[string]elf.Symbol{}
		for _, s := range syms {
			byName[s.Name] = s
		}
		return f, byName, syms
	}
	was, before, _ := read(data)
	is, _, after := read(mustStrip(t, data, &Options{Mode: Debug}))
	for _, s := range after {
		w := before[s.Name]
		if s.Section != elf.SHN_UNDEF && is.Sections[s.Section].Name != was.Sections[w.Section].Name {
			t.Errorf("%s is in section %s, was in %s", s.Name, is.Sections[s.Section].Name, was.Sections[w.Section].Name)
		}
		s.Section, w.Section = 0, 0
		if s != w {
			t.Errorf("symbol is %+v, was %+v", s, w)
		}
	}
	locals := 1
	for _, s := range after {
		if elf.ST_BIND(s.Info) == elf.STB_LOCAL {
			locals++
		}
	}
	if got := is.Section(".symtab").Info; int(got) != locals {
		t.Errorf("sh_info of .symtab is %d, want %d", got, locals)
	}
	if link := is.Section(".symtab").Link; is.Sections[link].Name != ".strtab" {
		t.Errorf("sh_link of .symtab names %s", is.Sections[link].Name)
	}
}

func TestRemoveLoadedSection(t *testing.T) {
	for section, want := range map[string]string{
		".gopclntab": "the runtime unwinds stacks by it",
		".data":      "it holds initialized variables",
		".note.test": "it is part of the program in memory",
		".bss":       "it is the room of variables",
		".symtab":    "other sections need it",
		".strtab":    "other sections need it",
		".shstrtab":  "other sections need it",
	} {
		_, err := stripBytes(elftest.Executable(elf.EM_AARCH64).Build().Data, &Options{RemoveSections: globs(section)})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), section) {
			t.Errorf("-R %s: error %v, want one that names it and says %q", section, err, want)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, c := range elftest.Malformed() {
		t.Run(c.Name, func(t *testing.T) {
			for _, o := range []Options{{Mode: All}, {Mode: Debug}, {Discard: DiscardLocals}, {OnlyKeepDebug: true}} {
				out, err := stripBytes(c.Data, &o)
				if out != nil || err == nil || !strings.Contains(err.Error(), c.Want) {
					t.Errorf("%+v: output of %d bytes, error %v; want an error with %q", o, len(out), err, c.Want)
				}
				if err != nil && !strings.HasPrefix(err.Error(), "input: ") {
					t.Errorf("error does not start with the file's name: %v", err)
				}
			}
		})
	}
}

// Two copies of a string, and strings that end others, cost nothing.
func TestStringTablesShareSuffixes(t *testing.T) {
	spec := elftest.Executable(elf.EM_X86_64)
	spec.Symbols = nil
	for _, name := range []string{"runtime.main", "main", "in", "main", "a.main", "", "n"} {
		spec.Symbols = append(spec.Symbols, elftest.Symbol{Name: name, Bind: elf.STB_GLOBAL, Section: ".text"})
	}
	out := mustStrip(t, spec.Build().Data, &Options{})
	f, err := goelf.Parse("output", out)
	if err != nil {
		t.Fatal(err)
	}
	table, _ := f.SectionData(f.Section(".strtab"))
	if want := "\x00runtime.main\x00a.main\x00"; string(table) != want {
		t.Errorf(".strtab is %q, want %q", table, want)
	}
	if got, want := symbolNames(t, out), []string{"runtime.main", "main", "in", "main", "a.main", "", "n"}; !slices.Equal(got, want) {
		t.Errorf("symbols %q, want %q", got, want)
	}
	syms, err := f.Symbols(f.Section(".symtab"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Sections[0].Name != 0 || syms[0].Name != 0 || syms[6].Name != 0 {
		t.Errorf("what has no name has sh_name %d, st_name %d and %d, want 0 (gABI 4)", f.Sections[0].Name, syms[0].Name, syms[6].Name)
	}
}

// One string table may serve sections and symbols.
func TestSharedStringTable(t *testing.T) {
	m := elftest.Executable(elf.EM_X86_64).Build()
	// Let .strtab hold both: its contents followed by those of .shstrtab.
	strtab, shstrtab := m.Off(".strtab"), m.Off(".shstrtab")
	if shstrtab != strtab+m.Size(".strtab") {
		t.Fatal("the tables are not adjacent")
	}
	shift := uint32(m.Size(".strtab"))
	m.Put64(m.Shdr(".strtab")+32, uint64(m.Size(".strtab")+m.Size(".shstrtab")))
	headers := m.Shdr("")
	m.Put16(62, uint16(m.Index(".strtab")))
	for i := 1; i <= int(m.Index(".shstrtab")); i++ {
		at := headers + 64*i
		m.Put32(at, uint32(m.Data[at])+shift)
	}
	h := m.Shdr(".shstrtab")
	clear(m.Data[h : h+64]) // an unused entry, which must do no harm either
	for _, o := range []Options{{}, {Mode: Debug}, {Mode: All}, {Mode: All, DropGoFunc: true}} {
		out := mustStrip(t, m.Data, &o)
		f, err := elf.NewFile(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if f.Section(".text") == nil || f.Section(".strtab") == nil {
			t.Errorf("%+v: section names are lost", o)
		}
	}
}

// Sections between segments leave holes, which are zeroed and used.
func TestHoles(t *testing.T) {
	spec := elftest.Executable(elf.EM_X86_64)
	secret := bytes.Repeat([]byte("secret!!"), 200)
	hole := elftest.Section{Name: ".debug_hole", Type: elf.SHT_PROGBITS, Align: 8, Data: secret}
	data := slices.IndexFunc(spec.Sections, func(s elftest.Section) bool { return s.Name == ".data" })
	spec.Sections = slices.Insert(spec.Sections, data, hole)
	m := spec.Build()
	out := mustStrip(t, m.Data, &Options{Mode: All})
	if bytes.Contains(out, []byte("secret")) {
		t.Error("removed contents are still in the file")
	}
	f, err := goelf.Parse("output", out)
	if err != nil {
		t.Fatal(err)
	}
	start, end := uint64(m.Off(".debug_hole")), uint64(m.Off(".debug_hole")+len(secret))
	for _, name := range []string{".symtab", ".strtab", ".shstrtab", ".comment"} {
		if s := f.Section(name); s.Off < start || s.Off+s.Size > end {
			t.Errorf("%s is at %#x, want it in the hole at %#x to %#x", name, s.Off, start, end)
		}
	}
	if got := f.Header.Shoff; got < start || got >= end {
		t.Errorf("section header table is at %#x, want it in the hole at %#x to %#x", got, start, end)
	}
	if want := m.Off(".data") + m.Size(".data"); len(out) != want {
		t.Errorf("file has %d bytes, want %d: nothing after the last segment", len(out), want)
	}
}

// When there is nothing to remove, a layout that would be larger is dropped.
func TestNeverLarger(t *testing.T) {
	spec := elftest.Executable(elf.EM_X86_64)
	spec.Symbols = nil
	spec.Sections = spec.Sections[:5] // the loaded ones
	m := spec.Build()
	// Pack the section header table where no layout would put it: unaligned.
	old := m.Shdr("")
	n := len(m.Data) - old
	off := m.Off(".shstrtab") + m.Size(".shstrtab")
	if off%8 == 0 {
		t.Fatal("the table would be aligned")
	}
	copy(m.Data[off:], bytes.Clone(m.Data[old:]))
	m.Put64(40, uint64(off))
	data := m.Data[:off+n]
	if out := mustStrip(t, data, &Options{Mode: All}); !bytes.Equal(out, data) {
		t.Errorf("output of %d bytes differs from the input of %d", len(out), len(data))
	}
}

// A file without section headers has nothing to strip.
func TestNoSectionHeaders(t *testing.T) {
	m := elftest.Executable(elf.EM_AARCH64).Build()
	data := bytes.Clone(m.Data[:m.Off(".debug_info")])
	copy(data[40:48], make([]byte, 8)) // e_shoff
	copy(data[60:64], make([]byte, 4)) // e_shnum, e_shstrndx
	if out := mustStrip(t, data, &Options{Mode: All}); len(out) > len(data) {
		t.Errorf("%d bytes, want at most %d", len(out), len(data))
	}
}

// Relocations kept by ld --emit-relocs refer to symbols by number.
func TestEmittedRelocations(t *testing.T) {
	spec := elftest.Executable(elf.EM_X86_64)
	spec.Sections = append(spec.Sections, elftest.Section{Name: ".rela.text", Type: elf.SHT_RELA, Link: ".symtab", Info: 2, Entsize: 24, Data: make([]byte, 48)})
	data := spec.Build().Data
	if _, err := stripBytes(data, &Options{Mode: Debug}); err == nil || !strings.Contains(err.Error(), "--emit-relocs") {
		t.Errorf("error %v, want one about relocations", err)
	}
	out := mustStrip(t, data, &Options{Mode: All})
	if got := otherSections(t, out); !slices.Equal(got, []string{".comment"}) {
		t.Errorf("sections %q", got)
	}
}

// A static program applies its own relocations. The linker lets them refer to
// .symtab, though they use no symbol.
func TestLoadedRelocationsLinkedToSymbolTable(t *testing.T) {
	spec := elftest.Executable(elf.EM_X86_64)
	spec.Sections = slices.Insert(spec.Sections, 1, elftest.Section{Name: ".rela.plt", Type: elf.SHT_RELA, Flags: elf.SHF_ALLOC, Align: 8, Link: ".symtab",
		Entsize: 24, Data: make([]byte, 24)})
	out := mustStrip(t, spec.Build().Data, &Options{Mode: All, DropGoFunc: true})
	f, err := goelf.Parse("output", out)
	if err != nil {
		t.Fatal(err)
	}
	if link := f.Section(".rela.plt").Link; link != 0 {
		t.Errorf("sh_link is %d, want 0", link)
	}
}

func TestReferenceToRemovedSection(t *testing.T) {
	spec := elftest.Executable(elf.EM_X86_64)
	spec.Sections = append(spec.Sections, elftest.Section{Name: ".order", Type: elf.SHT_PROGBITS, Flags: elf.SHF_LINK_ORDER, Link: ".debug_info"})
	_, err := stripBytes(spec.Build().Data, &Options{Mode: Debug})
	if err == nil || !strings.Contains(err.Error(), `".order" refers to section [index 6] ".debug_info"`) {
		t.Errorf("error %v", err)
	}
}

func TestHugeAlignment(t *testing.T) {
	spec := elftest.Executable(elf.EM_X86_64)
	spec.Sections = append(spec.Sections, elftest.Section{Name: ".far", Type: elf.SHT_PROGBITS, Data: []byte("x")})
	m := spec.Build()
	m.Put64(m.Shdr(".far")+48, 1<<63)
	if _, err := stripBytes(m.Data, &Options{Mode: All}); err == nil || !strings.Contains(err.Error(), "sh_addralign 0x8000000000000000") {
		t.Errorf("error %v", err)
	}
}
