package elf

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/machine"
)

// Sizes in bytes of the fixed structures of ELFCLASS64 (gABI 4 and 5).
const (
	HeaderSize        = 64
	ProgHeaderSize    = 56
	SectionHeaderSize = 64
	SymbolSize        = 24
	DynSize           = 16
	RelSize           = 16
	RelaSize          = 24
)

// pnXNum in e_phnum says that section header 0 holds the count (gABI 4, PN_XNUM).
const pnXNum = 0xffff

var le = binary.LittleEndian

// Parse reads the ELF header, the program headers and the section headers of
// data and checks each of them against the file. It does not copy data; name is
// used in messages only. The error is a *FormatError.
//
// What Parse has checked, its callers may rely on: every segment and every
// section with contents is inside data; no address range wraps; loadable
// segments ascend, do not overlap, and have at most twice the bytes of the file; alignments are powers of two; sh_link is
// a section of the kind that the section's type asks for; symbol tables and
// relocation tables hold whole entries.
func Parse(name string, data []byte) (*File, error) {
	f := &File{Name: name, Data: data}
	for _, step := range []func() error{f.parseHeader, f.parseSections, f.parseProgs} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// GOARCH returns Go's name of the machine: "amd64", "arm64" or "riscv64".
func (f *File) GOARCH() string { return f.Machine().GOARCH }

// Machine returns the machine that the file is for. Parse refuses files for others than those of the registry.
func (f *File) Machine() *machine.Machine { return machine.OfELF(elf.Machine(f.Header.Machine)) }

func (f *File) errorf(off uint64, format string, args ...any) error {
	return &FormatError{File: f.Name, Off: off, Msg: fmt.Sprintf(format, args...)}
}

func (f *File) size() uint64 { return uint64(len(f.Data)) }

// inFile reports whether size bytes at off are inside the file.
func (f *File) inFile(off, size uint64) bool {
	return size <= f.size() && off <= f.size()-size
}

func (f *File) parseHeader() error {
	d := f.Data
	if len(d) < 4 || string(d[:4]) != elf.ELFMAG {
		return f.errorf(0, "magic number % x, want % x: not an ELF file", d[:min(4, len(d))], elf.ELFMAG)
	}
	if len(d) < HeaderSize {
		return f.errorf(uint64(len(d)), "file ends inside the ELF header: it has %#x bytes, want at least %#x", len(d), HeaderSize)
	}
	h := &f.Header
	copy(h.Ident[:], d)
	h.Type = le.Uint16(d[16:])
	h.Machine = le.Uint16(d[18:])
	h.Version = le.Uint32(d[20:])
	h.Entry = le.Uint64(d[24:])
	h.Phoff = le.Uint64(d[32:])
	h.Shoff = le.Uint64(d[40:])
	h.Flags = le.Uint32(d[48:])
	h.Ehsize = le.Uint16(d[52:])
	h.Phentsize = le.Uint16(d[54:])
	h.Phnum = le.Uint16(d[56:])
	h.Shentsize = le.Uint16(d[58:])
	h.Shnum = le.Uint16(d[60:])
	h.Shstrndx = le.Uint16(d[62:])

	if c := elf.Class(d[elf.EI_CLASS]); c != elf.ELFCLASS64 {
		return f.errorf(elf.EI_CLASS, "class %v, want %v", c, elf.ELFCLASS64)
	}
	if b := elf.Data(d[elf.EI_DATA]); b != elf.ELFDATA2LSB {
		return f.errorf(elf.EI_DATA, "byte order %v, want %v", b, elf.ELFDATA2LSB)
	}
	if v := elf.Version(d[elf.EI_VERSION]); v != elf.EV_CURRENT {
		return f.errorf(elf.EI_VERSION, "identification version %d, want %d", v, elf.EV_CURRENT)
	}
	if a := elf.OSABI(d[elf.EI_OSABI]); a != elf.ELFOSABI_NONE && a != elf.ELFOSABI_LINUX {
		return f.errorf(elf.EI_OSABI, "operating system %v, want %v or %v", a, elf.ELFOSABI_NONE, elf.ELFOSABI_LINUX)
	}
	switch t := elf.Type(h.Type); t {
	case elf.ET_REL, elf.ET_EXEC, elf.ET_DYN:
	default:
		return f.errorf(16, "file type %v, want %v, %v or %v", t, elf.ET_REL, elf.ET_EXEC, elf.ET_DYN)
	}
	if f.Machine() == nil {
		var want []string
		for _, m := range machine.All {
			want = append(want, m.ELF.String())
		}
		last := len(want) - 1
		return f.errorf(18, "machine %v, want %s or %s", elf.Machine(h.Machine), strings.Join(want[:last], ", "), want[last])
	}
	if h.Version != uint32(elf.EV_CURRENT) {
		return f.errorf(20, "version %d, want %d", h.Version, elf.EV_CURRENT)
	}
	if h.Ehsize != HeaderSize {
		return f.errorf(52, "e_ehsize %d, want %d", h.Ehsize, HeaderSize)
	}
	return nil
}

// A table is an array that the ELF header announces.
type table struct {
	what       string
	off        uint64 // of the table in the file
	offField   uint64 // file offset of the field that says so
	count      uint64
	countField uint64
	entSize    uint64
}

// tableData checks t against the file and returns its bytes.
func (f *File) tableData(t table) ([]byte, error) {
	if t.off < HeaderSize {
		return nil, f.errorf(t.offField, "%s table at offset %#x overlaps the ELF header, which ends at %#x", t.what, t.off, HeaderSize)
	}
	// The division keeps the product from wrapping.
	if t.count > f.size()/t.entSize || !f.inFile(t.off, t.count*t.entSize) {
		field := t.countField
		if !f.inFile(t.off, t.entSize) {
			field = t.offField
		}
		return nil, f.errorf(field, "%s table at offset %#x with %d entries of %#x bytes goes beyond the file size (%#x)", t.what, t.off, t.count, t.entSize, f.size())
	}
	return f.Data[t.off : t.off+t.count*t.entSize], nil
}

func (f *File) parseSections() error {
	h := &f.Header
	if h.Shoff == 0 {
		if h.Shnum != 0 {
			return f.errorf(60, "e_shnum is %d, but e_shoff is 0", h.Shnum)
		}
		if h.Shstrndx != 0 {
			return f.errorf(62, "e_shstrndx is %d, but the file has no section header table", h.Shstrndx)
		}
		return nil
	}
	if h.Shentsize != SectionHeaderSize {
		return f.errorf(58, "e_shentsize %d, want %d", h.Shentsize, SectionHeaderSize)
	}
	// Section header 0 carries the counts that do not fit the ELF header.
	headers := table{what: "section header", off: h.Shoff, offField: 40, count: 1, countField: 60, entSize: SectionHeaderSize}
	raw, err := f.tableData(headers)
	if err != nil {
		return err
	}
	null := decodeSection(raw)
	switch headers.count = uint64(h.Shnum); {
	case h.Shnum == 0:
		headers.count, headers.countField = null.Size, h.Shoff+32
		if null.Size == 0 {
			return f.errorf(60, "e_shnum and sh_size of section [index 0] are both 0, but e_shoff is %#x", h.Shoff)
		}
	case h.Shnum >= uint16(elf.SHN_LORESERVE):
		return f.errorf(60, "e_shnum %#x is a reserved value; counts from %#x on belong into sh_size of section [index 0]", h.Shnum, uint16(elf.SHN_LORESERVE))
	}
	if raw, err = f.tableData(headers); err != nil {
		return err
	}
	if t := elf.SectionType(null.Type); t != elf.SHT_NULL {
		return f.errorf(h.Shoff+4, "section [index 0] has type %v, want %v", t, elf.SHT_NULL)
	}

	f.Sections = make([]Section, headers.count)
	for i := range f.Sections {
		f.Sections[i] = Section{Section64: decodeSection(raw[i*SectionHeaderSize:]), Index: i}
	}
	for i := 1; i < len(f.Sections); i++ {
		if err := f.checkSection(&f.Sections[i]); err != nil {
			return err
		}
	}
	return f.nameSections(&null)
}

func decodeSection(b []byte) elf.Section64 {
	return elf.Section64{
		Name:      le.Uint32(b),
		Type:      le.Uint32(b[4:]),
		Flags:     le.Uint64(b[8:]),
		Addr:      le.Uint64(b[16:]),
		Off:       le.Uint64(b[24:]),
		Size:      le.Uint64(b[32:]),
		Link:      le.Uint32(b[40:]),
		Info:      le.Uint32(b[44:]),
		Addralign: le.Uint64(b[48:]),
		Entsize:   le.Uint64(b[56:]),
	}
}

// sectionKinds says, for the section types whose contents are an array or that
// point to another section, what gABI 4 ("sh_link and sh_info Interpretation")
// demands of them.
var sectionKinds = map[elf.SectionType]struct {
	entSize uint64            // sh_entsize; 0 when not prescribed
	link    []elf.SectionType // allowed types of the section sh_link names; nil when any
	noLink  bool              // sh_link may be 0
}{
	elf.SHT_SYMTAB:       {SymbolSize, []elf.SectionType{elf.SHT_STRTAB}, false},
	elf.SHT_DYNSYM:       {SymbolSize, []elf.SectionType{elf.SHT_STRTAB}, false},
	elf.SHT_DYNAMIC:      {DynSize, []elf.SectionType{elf.SHT_STRTAB}, true},
	elf.SHT_RELA:         {RelaSize, []elf.SectionType{elf.SHT_SYMTAB, elf.SHT_DYNSYM}, true},
	elf.SHT_REL:          {RelSize, []elf.SectionType{elf.SHT_SYMTAB, elf.SHT_DYNSYM}, true},
	elf.SHT_HASH:         {0, []elf.SectionType{elf.SHT_DYNSYM}, true},
	elf.SHT_GNU_HASH:     {0, []elf.SectionType{elf.SHT_DYNSYM}, true},
	elf.SHT_GNU_VERSYM:   {2, []elf.SectionType{elf.SHT_DYNSYM}, true},
	elf.SHT_GNU_VERNEED:  {0, []elf.SectionType{elf.SHT_STRTAB}, true},
	elf.SHT_GNU_VERDEF:   {0, []elf.SectionType{elf.SHT_STRTAB}, true},
	elf.SHT_SYMTAB_SHNDX: {4, []elf.SectionType{elf.SHT_SYMTAB}, false},
	elf.SHT_GROUP:        {4, []elf.SectionType{elf.SHT_SYMTAB}, false},
}

// sectionField returns the file offset of a field of section header i.
func (f *File) sectionField(i int, field uint64) uint64 {
	return f.Header.Shoff + uint64(i)*SectionHeaderSize + field
}

func (f *File) checkSection(s *Section) error {
	fail := func(field uint64, format string, args ...any) error {
		return f.errorf(f.sectionField(s.Index, field), "section [index %d] "+format, append([]any{s.Index}, args...)...)
	}
	t := elf.SectionType(s.Type)
	if t == elf.SHT_NULL {
		return nil // the other members are undefined
	}
	if t != elf.SHT_NOBITS && !f.inFile(s.Off, s.Size) {
		return fail(24, "has sh_offset (%#x) + sh_size (%#x) beyond the file size (%#x)", s.Off, s.Size, f.size())
	}
	if _, carry := bits.Add64(s.Addr, s.Size, 0); carry != 0 {
		return fail(16, "has sh_addr (%#x) + sh_size (%#x) beyond the address space", s.Addr, s.Size)
	}
	if s.Addralign&(s.Addralign-1) != 0 {
		return fail(48, "has sh_addralign %#x, want 0 or a power of two", s.Addralign)
	}
	if s.Flags&uint64(elf.SHF_ALLOC) != 0 && s.Addralign > 1 && s.Addr%s.Addralign != 0 {
		return fail(16, "has sh_addr %#x, which is not a multiple of its sh_addralign %#x", s.Addr, s.Addralign)
	}
	if uint64(s.Link) >= uint64(len(f.Sections)) {
		return fail(40, "has sh_link %d, but the file has %d sections", s.Link, len(f.Sections))
	}
	if s.Flags&uint64(elf.SHF_INFO_LINK) != 0 && uint64(s.Info) >= uint64(len(f.Sections)) {
		return fail(44, "has sh_info %d, but the file has %d sections", s.Info, len(f.Sections))
	}
	kind, ok := sectionKinds[t]
	if !ok {
		return nil
	}
	if kind.entSize != 0 {
		// cmd/link and GNU as leave sh_entsize of some small tables 0.
		if s.Entsize != kind.entSize && (s.Entsize != 0 || t == elf.SHT_SYMTAB || t == elf.SHT_DYNSYM) {
			return fail(56, "of type %v has sh_entsize %d, want %d", t, s.Entsize, kind.entSize)
		}
		if s.Size%kind.entSize != 0 {
			return fail(32, "of type %v has sh_size %#x, want a multiple of %d", t, s.Size, kind.entSize)
		}
	}
	if kind.link != nil && !(kind.noLink && s.Link == 0) {
		if to := elf.SectionType(f.Sections[s.Link].Type); !slices.Contains(kind.link, to) {
			return fail(40, "of type %v has sh_link %d, a section of type %v, want %v", t, s.Link, to, kind.link)
		}
	}
	if t == elf.SHT_SYMTAB || t == elf.SHT_DYNSYM {
		if n := s.Size / SymbolSize; uint64(s.Info) > n {
			return fail(44, "of type %v has sh_info %d (its first global symbol), but %d symbols", t, s.Info, n)
		}
	}
	return nil
}

func (f *File) nameSections(null *elf.Section64) error {
	h := &f.Header
	ndx, field := uint64(h.Shstrndx), uint64(62)
	if ndx == uint64(elf.SHN_XINDEX) {
		ndx, field = uint64(null.Link), f.sectionField(0, 40)
	}
	if ndx == 0 {
		return nil // a file without section names
	}
	if ndx >= uint64(len(f.Sections)) {
		return f.errorf(field, "section name table has index %d, but the file has %d sections", ndx, len(f.Sections))
	}
	f.Shstrndx = int(ndx)
	names, err := f.StringTable(&f.Sections[ndx])
	if err != nil {
		return err
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		if elf.SectionType(s.Type) == elf.SHT_NULL {
			continue
		}
		var ok bool
		if s.Str, ok = names.At(s.Name); !ok {
			return f.errorf(f.sectionField(i, 0), "section [index %d] has sh_name %#x, where section [index %d] (%#x bytes) holds no terminated string", i, s.Name, ndx, len(names.data))
		}
	}
	return nil
}

func (f *File) parseProgs() error {
	h := &f.Header
	count, countField := uint64(h.Phnum), uint64(56)
	if count == pnXNum && len(f.Sections) > 0 {
		count, countField = uint64(f.Sections[0].Info), f.sectionField(0, 44)
	}
	if count == 0 {
		return nil
	}
	if h.Phentsize != ProgHeaderSize {
		return f.errorf(54, "e_phentsize %d, want %d", h.Phentsize, ProgHeaderSize)
	}
	raw, err := f.tableData(table{"program header", h.Phoff, 32, count, countField, ProgHeaderSize})
	if err != nil {
		return err
	}
	if n := uint64(len(f.Sections)) * SectionHeaderSize; n > 0 && h.Phoff < h.Shoff+n && h.Shoff < h.Phoff+uint64(len(raw)) {
		return f.errorf(32, "program header table at %#x to %#x overlaps the section header table at %#x to %#x", h.Phoff, h.Phoff+uint64(len(raw)), h.Shoff, h.Shoff+n)
	}
	f.Progs = make([]elf.Prog64, count)
	loadIndex, loadEnd := -1, uint64(0) // of the PT_LOAD before
	loaded := uint64(0)                 // bytes of all PT_LOAD together
	for i := range f.Progs {
		b := raw[i*ProgHeaderSize:]
		p := &f.Progs[i]
		*p = elf.Prog64{
			Type:   le.Uint32(b),
			Flags:  le.Uint32(b[4:]),
			Off:    le.Uint64(b[8:]),
			Vaddr:  le.Uint64(b[16:]),
			Paddr:  le.Uint64(b[24:]),
			Filesz: le.Uint64(b[32:]),
			Memsz:  le.Uint64(b[40:]),
			Align:  le.Uint64(b[48:]),
		}
		if err := f.checkProg(i, p); err != nil {
			return err
		}
		if elf.ProgType(p.Type) != elf.PT_LOAD {
			continue
		}
		if loadIndex >= 0 && p.Vaddr < loadEnd {
			return f.errorf(f.progField(i, 16), "program header [index %d] has p_vaddr %#x, below the end (%#x) of the PT_LOAD before it [index %d]; PT_LOAD must ascend without overlap", i, p.Vaddr, loadEnd, loadIndex)
		}
		loadIndex, loadEnd = i, p.Vaddr+p.Memsz
		// Readers go over what is loaded, which must not be many times the file.
		if loaded += p.Filesz; loaded > 2*f.size() {
			return f.errorf(f.progField(i, 32), "program header [index %d] has p_filesz %#x, with which the PT_LOAD segments have %#x bytes, more than twice the file: they map the same bytes again and again", i, p.Filesz, loaded)
		}
	}
	return nil
}

// progField returns the file offset of a field of program header i.
func (f *File) progField(i int, field uint64) uint64 {
	return f.Header.Phoff + uint64(i)*ProgHeaderSize + field
}

func (f *File) checkProg(i int, p *elf.Prog64) error {
	fail := func(field uint64, format string, args ...any) error {
		return f.errorf(f.progField(i, field), "program header [index %d] "+format, append([]any{i}, args...)...)
	}
	t := elf.ProgType(p.Type)
	if t == elf.PT_NULL {
		return nil // the other members are undefined
	}
	if p.Filesz > 0 && !f.inFile(p.Off, p.Filesz) {
		return fail(8, "has p_offset (%#x) + p_filesz (%#x) beyond the file size (%#x)", p.Off, p.Filesz, f.size())
	}
	if _, carry := bits.Add64(p.Vaddr, p.Memsz, 0); carry != 0 {
		return fail(16, "has p_vaddr (%#x) + p_memsz (%#x) beyond the address space", p.Vaddr, p.Memsz)
	}
	if p.Align&(p.Align-1) != 0 {
		return fail(48, "has p_align %#x, want 0 or a power of two", p.Align)
	}
	if t != elf.PT_LOAD {
		return nil
	}
	if p.Filesz > p.Memsz {
		return fail(32, "has p_filesz (%#x) greater than its p_memsz (%#x)", p.Filesz, p.Memsz)
	}
	if p.Align > 1 && p.Filesz > 0 && (p.Vaddr-p.Off)%p.Align != 0 {
		return fail(16, "has p_vaddr %#x and p_offset %#x, which are not congruent modulo its p_align %#x", p.Vaddr, p.Off, p.Align)
	}
	return nil
}
