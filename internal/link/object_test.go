package link

import (
	"bytes"
	"debug/elf"
	"maps"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// A testSection is a section of a made-up go.o.
type testSection struct {
	name   string
	typ    elf.SectionType
	flags  elf.SectionFlag
	align  uint64
	data   []byte
	size   uint64 // for SHT_NOBITS
	relocs []testReloc
	info   uint32 // for the symbol table
	link   string
}

// A testReloc refers to a symbol by name.
type testReloc struct {
	off    uint64
	typ    uint32
	sym    string
	addend int64
}

// A testSymbol is a symbol of a made-up go.o.
type testSymbol struct {
	name    string
	section string // "" is undefined, "*" absolute
	value   uint64
	typ     elf.SymType
	global  bool
}

// A testObject is a made-up go.o. It holds what the linker needs to see of a Go
// program, not a Go program.
type testObject struct {
	typ      elf.Type
	machine  elf.Machine
	flags    uint32
	sections []testSection
	symbols  []testSymbol
	sizes    map[string]uint64 // of symbols that have not 8 bytes, by name
}

const (
	allocFlag = elf.SHF_ALLOC
	writeFlag = elf.SHF_ALLOC | elf.SHF_WRITE
)

// goSeries is that of the Go release of test objects.
var goSeries, _ = goabi.For("go1.26.8")

// newTestObject returns an object for amd64 that links: in PIE form with
// .data.rel.ro.
func newTestObject(pie bool) *testObject {
	fips := make([]byte, fipsSize)
	copy(fips, fipsMagic)
	text := make([]byte, 64)
	copy(text, "\xe8\x00\x00\x00\x00\x48\x8b\x0d\x00\x00\x00\x00\xc3") // CALL f; MOVQ tls@gottpoff(IP), CX; RET
	abs64 := uint32(elf.R_X86_64_64)
	o := &testObject{
		typ: elf.ET_REL, machine: elf.EM_X86_64,
		sections: []testSection{
			{name: ".text", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, align: 64, data: text, relocs: []testReloc{
				{1, uint32(elf.R_X86_64_PC32), "f", -4},
				{8, uint32(elf.R_X86_64_GOTTPOFF), "tls", -4},
			}},
			{name: ".rodata", typ: elf.SHT_PROGBITS, flags: allocFlag, align: 32, data: []byte("constants of the program")},
			{name: ".gopclntab", typ: elf.SHT_PROGBITS, flags: allocFlag, align: 8, data: []byte("tables")},
			{name: ".note.go.buildid", typ: elf.SHT_NOTE, flags: allocFlag, align: 4, data: []byte("\x04\x00\x00\x00\x04\x00\x00\x00\x04\x00\x00\x00Go\x00\x00test")},
			{name: ".go.buildinfo", typ: elf.SHT_PROGBITS, flags: writeFlag, align: 16},
			{name: ".go.fipsinfo", typ: elf.SHT_PROGBITS, flags: writeFlag, align: 32, data: fips, relocs: []testReloc{
				{48, abs64, "fipsinfo", 0},
				{56, abs64, "f", 0}, {64, abs64, "f", 16},
				{72, abs64, "k", 0}, {80, abs64, "k", 8},
				{88, abs64, "n", 0}, {96, abs64, "n", 8},
				{104, abs64, "d", 0}, {112, abs64, "d", 8},
			}},
			{name: ".go.module", typ: elf.SHT_PROGBITS, flags: writeFlag, align: 32, data: make([]byte, goSeries.Module.Size),
				relocs: []testReloc{{goSeries.Module.Size - 8, abs64, "main", 0}}},
			{name: ".noptrdata", typ: elf.SHT_PROGBITS, flags: writeFlag, align: 32, data: []byte("noptr...")},
			{name: ".data", typ: elf.SHT_PROGBITS, flags: writeFlag, align: 32, data: bytes.Repeat([]byte("x"), 800), relocs: []testReloc{
				{8, abs64, "k", 3}, {16, abs64, "b", 0}, {792, abs64, "d", -1},
			}},
			{name: ".bss", typ: elf.SHT_NOBITS, flags: writeFlag, align: 32, size: 0x5000},
			{name: ".noptrbss", typ: elf.SHT_NOBITS, flags: writeFlag, align: 32, size: 0x100},
			{name: ".tbss", typ: elf.SHT_NOBITS, flags: writeFlag | elf.SHF_TLS, align: 8, size: 8},
			{name: ".debug_info", typ: elf.SHT_PROGBITS, align: 1, data: make([]byte, 16), relocs: []testReloc{
				{1, abs64, "f", 0}, {9, uint32(elf.R_X86_64_32), "debug", 5},
			}},
			{name: ".note.GNU-stack", typ: elf.SHT_PROGBITS, align: 1},
		},
		symbols: []testSymbol{
			{"go.go", "*", 0, elf.STT_FILE, false},
			{"debug", ".debug_info", 0, elf.STT_SECTION, false},
			{"f", ".text", 32, elf.STT_FUNC, false},
			{".L0", ".text", 40, elf.STT_NOTYPE, false},
			{"k", ".rodata", 8, elf.STT_OBJECT, false},
			{"n", ".noptrdata", 0, elf.STT_OBJECT, false},
			{"d", ".data", 32, elf.STT_OBJECT, false},
			{"b", ".bss", 0x100, elf.STT_OBJECT, false},
			{"fipsinfo", ".go.fipsinfo", 0, elf.STT_OBJECT, false},
			{"tls", ".tbss", 0, elf.STT_TLS, false},
			{"main", ".text", 0, elf.STT_FUNC, true},
		},
	}
	o.setGoVersion("go1.26.8")
	module := o.section(".go.module")
	members := goSeries.Module.Symbols()
	for _, off := range slices.Sorted(maps.Keys(members)) {
		name := members[off]
		module.relocs = append(module.relocs, testReloc{off, abs64, name, 0})
		if !slices.ContainsFunc(o.symbols, func(s testSymbol) bool { return s.name == name }) {
			o.symbols = slices.Insert(o.symbols, 1, testSymbol{name, ".rodata", 0, elf.STT_NOTYPE, false})
		}
	}
	if pie {
		relro := testSection{name: ".data.rel.ro", typ: elf.SHT_PROGBITS, flags: writeFlag, align: 32, data: make([]byte, 64),
			relocs: []testReloc{{0, abs64, "f", 0}, {56, abs64, "k", 0}}}
		o.sections = slices.Insert(o.sections, 4, relro)
	} else {
		o.section(".rodata").relocs = []testReloc{{16, abs64, "f", 0}}
	}
	return o
}

// setGoVersion makes build information of that Go release.
func (o *testObject) setGoVersion(version string) {
	info := make([]byte, 32)
	copy(info, "\xff Go buildinf:\x08\x02")
	o.section(".go.buildinfo").data = append(append(append(info, byte(len(version))), version...), 0)
}

// section returns the section of that name.
func (o *testObject) section(name string) *testSection {
	i := slices.IndexFunc(o.sections, func(s testSection) bool { return s.name == name })
	return &o.sections[i]
}

// symbol returns the symbol of that name.
func (o *testObject) symbol(name string) *testSymbol {
	i := slices.IndexFunc(o.symbols, func(s testSymbol) bool { return s.name == name })
	return &o.symbols[i]
}

// remove takes out the section of that name, with its symbols.
func (o *testObject) remove(name string) {
	o.sections = slices.DeleteFunc(o.sections, func(s testSection) bool { return s.name == name })
	o.symbols = slices.DeleteFunc(o.symbols, func(s testSymbol) bool { return s.section == name })
}

// bytes encodes the object as cmd/link does: sections, symbol table, names,
// relocations.
func (o *testObject) bytes() []byte {
	sections := append([]testSection{{}}, slices.Clone(o.sections)...)
	index := map[string]int{}
	for i, s := range sections {
		index[s.name] = i
	}
	var symtab, strtab bytes.Buffer
	put := func(w *bytes.Buffer, v any) { w.Write(goelf.Encode(v)) }
	put(&symtab, elf.Sym64{})
	strtab.WriteByte(0)
	symbols := map[string]int{}
	locals := 1
	for i, s := range o.symbols {
		sym := elf.Sym64{Name: uint32(strtab.Len()), Value: s.value, Size: 8, Shndx: uint16(index[s.section])}
		if size, ok := o.sizes[s.name]; ok {
			sym.Size = size
		}
		strtab.WriteString(s.name + "\x00")
		switch s.section {
		case "":
			sym.Shndx = uint16(elf.SHN_UNDEF)
		case "*":
			sym.Shndx = uint16(elf.SHN_ABS)
		}
		sym.Info = elf.ST_INFO(elf.STB_LOCAL, s.typ)
		if s.global {
			sym.Info = elf.ST_INFO(elf.STB_GLOBAL, s.typ)
		} else {
			locals++
		}
		put(&symtab, sym)
		symbols[s.name] = i + 1
	}
	sections = append(sections,
		testSection{name: ".symtab", typ: elf.SHT_SYMTAB, align: 8, data: symtab.Bytes(), info: uint32(locals), link: ".strtab"},
		testSection{name: ".strtab", typ: elf.SHT_STRTAB, align: 1, data: strtab.Bytes()})
	for i, s := range o.sections {
		if len(s.relocs) == 0 {
			continue
		}
		var b bytes.Buffer
		for _, r := range s.relocs {
			put(&b, elf.Rela64{Off: r.off, Info: elf.R_INFO(uint32(symbols[r.sym]), r.typ), Addend: r.addend})
		}
		sections = append(sections, testSection{name: ".rela" + s.name, typ: elf.SHT_RELA, align: 8, data: b.Bytes(), info: uint32(i + 1), link: ".symtab"})
	}
	names := ""
	sections = append(sections, testSection{name: ".shstrtab", typ: elf.SHT_STRTAB, align: 1})
	for i, s := range sections {
		index[s.name] = i
		names += s.name + "\x00"
	}
	sections[len(sections)-1].data = []byte(names)

	var out bytes.Buffer
	h := goelf.NewHeader(o.typ, o.machine, o.flags)
	h.Shoff, h.Shnum, h.Shstrndx = goelf.HeaderSize, uint16(len(sections)), uint16(len(sections)-1)
	out.Write(goelf.Encode(h))
	off := goelf.AlignUp(goelf.HeaderSize+uint64(len(sections))*goelf.SectionHeaderSize, 64)
	name := uint32(1)
	var contents bytes.Buffer
	for i, s := range sections {
		h := elf.Section64{Type: uint32(s.typ), Flags: uint64(s.flags), Size: max(uint64(len(s.data)), s.size), Addralign: s.align, Info: s.info}
		if i > 0 {
			h.Name = name
			name += uint32(len(s.name)) + 1
			h.Off = goelf.AlignUp(off+uint64(contents.Len()), max(s.align, 1))
			if s.typ != elf.SHT_NOBITS {
				contents.Write(make([]byte, h.Off-off-uint64(contents.Len())))
				contents.Write(s.data)
			}
		}
		if s.link != "" {
			h.Link = uint32(index[s.link])
		}
		switch s.typ {
		case elf.SHT_SYMTAB, elf.SHT_RELA:
			h.Entsize = 24
		}
		put(&out, h)
	}
	out.Write(make([]byte, off-uint64(out.Len())))
	out.Write(contents.Bytes())
	return out.Bytes()
}
