// Package elftest makes small ELF files for tests: well-formed executables of
// the three machines that really run, and a corpus of malformed files. It is
// no general ELF writer: it refuses, by panic, descriptions it does not
// understand.
package elftest

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

const (
	headerSize  = 64
	progSize    = 56
	sectionSize = 64
	symbolSize  = 24
	pageSize    = 0x1000
)

var le = binary.LittleEndian

// A Spec describes an ELF file to build. PT_LOAD segments follow from the
// sections; the section tables .symtab, .strtab and .shstrtab are added.
type Spec struct {
	Machine  elf.Machine
	Type     elf.Type
	Base     uint64 // address of the ELF header
	Entry    string // section with whose first byte the program starts; "" leaves e_entry 0
	Sections []Section
	Progs    []Prog // besides PT_LOAD
	Symbols  []Symbol

	// HeadersFirst puts the section header table after the program headers, in
	// the first PT_LOAD, as cmd/link does; else it ends the file.
	HeadersFirst bool
}

// A Section describes one section. Those with SHF_ALLOC must come first, in
// ascending order of Load.
type Section struct {
	Name    string
	Type    elf.SectionType
	Flags   elf.SectionFlag
	Data    []byte
	Size    uint64 // in bytes, of SHT_NOBITS; else len(Data) counts
	Align   uint64 // 0 means 1
	Link    string // name of the section for sh_link; "" means 0
	Info    uint32
	Entsize uint64
	Load    int // with SHF_ALLOC: index among the PT_LOAD segments, from 0
}

// A Prog describes a segment that covers one section, or nothing.
type Prog struct {
	Type    elf.ProgType
	Flags   elf.ProgFlag
	Section string
}

// A Symbol describes an entry of .symtab. Local ones must come first.
type Symbol struct {
	Name    string
	Bind    elf.SymBind
	Type    elf.SymType
	Section string // "" is SHN_UNDEF, "*ABS*" is SHN_ABS
	Offset  uint64 // in bytes from the start of the section
	Size    uint64 // in bytes
}

// An Image is a built file, to be changed by the Put methods.
type Image struct {
	Data []byte

	sections map[string]int // index in the section header table
	shoff    uint64
}

// Shdr returns the file offset of the header of the named section; "" is the
// null section.
func (m *Image) Shdr(name string) int {
	i, ok := m.sections[name]
	if !ok {
		panic(fmt.Sprintf("elftest: no section %q", name))
	}
	return int(m.shoff) + i*sectionSize
}

// Index returns the index of the named section.
func (m *Image) Index(name string) uint64 {
	return uint64(m.Shdr(name)-int(m.shoff)) / sectionSize
}

// Off returns the file offset of the contents of the named section.
func (m *Image) Off(name string) int { return int(le.Uint64(m.Data[m.Shdr(name)+24:])) }

// Size returns the sh_size in bytes of the named section.
func (m *Image) Size(name string) int { return int(le.Uint64(m.Data[m.Shdr(name)+32:])) }

// Phdr returns the file offset of the nth program header of type t.
func (m *Image) Phdr(t elf.ProgType, nth int) int {
	for i := range int(le.Uint16(m.Data[56:])) {
		off := int(le.Uint64(m.Data[32:])) + i*progSize
		if elf.ProgType(le.Uint32(m.Data[off:])) == t {
			if nth == 0 {
				return off
			}
			nth--
		}
	}
	panic(fmt.Sprintf("elftest: too few program headers of type %v", t))
}

// Put16, Put32 and Put64 overwrite the little-endian number at file offset off.
func (m *Image) Put16(off int, v uint16) { le.PutUint16(m.Data[off:], v) }
func (m *Image) Put32(off int, v uint32) { le.PutUint32(m.Data[off:], v) }
func (m *Image) Put64(off int, v uint64) { le.PutUint64(m.Data[off:], v) }

// Build lays the file out.
func (s *Spec) Build() *Image {
	sections := append([]Section{{}}, s.Sections...)
	local := 1
	for _, sym := range s.Symbols {
		if sym.Bind == elf.STB_LOCAL {
			local++
		}
	}
	if len(s.Symbols) > 0 {
		sections = append(sections,
			Section{Name: ".symtab", Type: elf.SHT_SYMTAB, Align: 8, Link: ".strtab", Info: uint32(local), Entsize: symbolSize,
				Data: make([]byte, symbolSize*(len(s.Symbols)+1))},
			Section{Name: ".strtab", Type: elf.SHT_STRTAB})
	}
	sections = append(sections, Section{Name: ".shstrtab", Type: elf.SHT_STRTAB})
	index := map[string]int{}
	for i, sec := range sections {
		index[sec.Name] = i
	}

	names, symNames := newStrings(), newStrings()
	nameOff := make([]uint32, len(sections))
	for i, sec := range sections {
		nameOff[i] = names.add(sec.Name)
	}
	for _, sym := range s.Symbols {
		symNames.add(sym.Name)
	}
	sections[index[".shstrtab"]].Data = names.data
	if i, ok := index[".strtab"]; ok {
		sections[i].Data = symNames.data
	}

	// Place the contents. A PT_LOAD starts on a new page of memory but not of the
	// file, which keeps the file small.
	loads := 0
	for _, sec := range s.Sections {
		if sec.Flags&elf.SHF_ALLOC != 0 {
			loads = max(loads, sec.Load+1)
		}
	}
	progs := make([]elf.Prog64, loads, loads+len(s.Progs))
	shoff := uint64(headerSize + progSize*(loads+len(s.Progs)))
	off := shoff
	if s.HeadersFirst {
		off += uint64(len(sections)) * sectionSize
	}
	mem := off // address minus Base
	headers := make([]elf.Section64, len(sections))
	load := 0
	for i := range sections {
		sec := &sections[i]
		if i == 0 {
			continue
		}
		if sec.Type != elf.SHT_NOBITS {
			sec.Size = uint64(len(sec.Data))
		}
		align := max(sec.Align, 1)
		h := &headers[i]
		*h = elf.Section64{Name: nameOff[i], Type: uint32(sec.Type), Flags: uint64(sec.Flags), Size: sec.Size,
			Info: sec.Info, Addralign: align, Entsize: sec.Entsize}
		if sec.Link != "" {
			h.Link = uint32(index[sec.Link])
		}
		if sec.Flags&elf.SHF_ALLOC == 0 {
			off = goelf.AlignUp(off, align)
			h.Off = off
			off += uint64(len(sec.Data))
			continue
		}
		if sec.Load != load {
			load = sec.Load
			mem = goelf.AlignUp(mem, pageSize) + off%pageSize
		}
		mem = goelf.AlignUp(mem, align)
		if sec.Type != elf.SHT_NOBITS {
			off = goelf.AlignUp(off, align)
		}
		h.Addr, h.Off = s.Base+mem, off
		p := &progs[load]
		if p.Align == 0 {
			*p = elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R), Off: off, Vaddr: h.Addr, Paddr: h.Addr, Align: pageSize}
			if load == 0 {
				p.Off, p.Vaddr, p.Paddr = 0, s.Base, s.Base
			}
		}
		if sec.Flags&elf.SHF_WRITE != 0 {
			p.Flags |= uint32(elf.PF_W)
		}
		if sec.Flags&elf.SHF_EXECINSTR != 0 {
			p.Flags |= uint32(elf.PF_X)
		}
		mem += sec.Size
		off += uint64(len(sec.Data))
		p.Filesz, p.Memsz = off-p.Off, s.Base+mem-p.Vaddr
	}
	if !s.HeadersFirst {
		shoff = goelf.AlignUp(off, 8)
		off = shoff + uint64(len(sections))*sectionSize
	}

	if i, ok := index[".symtab"]; ok {
		for n, sym := range s.Symbols {
			putSymbol(sections[i].Data[(n+1)*symbolSize:], symNames.add(sym.Name), sym, headers, index)
		}
	}
	for _, p := range s.Progs {
		q := elf.Prog64{Type: uint32(p.Type), Flags: uint32(p.Flags), Align: 8}
		if p.Section != "" {
			h := headers[index[p.Section]]
			q.Off, q.Vaddr, q.Paddr, q.Filesz, q.Memsz, q.Align = h.Off, h.Addr, h.Addr, h.Size, h.Size, h.Addralign
			if elf.SectionType(h.Type) == elf.SHT_NOBITS {
				q.Filesz = 0
			}
		}
		progs = append(progs, q)
	}

	header := goelf.NewHeader(s.Type, s.Machine, 0)
	header.Phoff, header.Phentsize, header.Shoff = headerSize, progSize, shoff
	header.Phnum, header.Shnum, header.Shstrndx = uint16(len(progs)), uint16(len(sections)), uint16(index[".shstrtab"])
	if s.Entry != "" {
		header.Entry = headers[index[s.Entry]].Addr
	}

	m := &Image{Data: make([]byte, off), sections: index, shoff: shoff}
	copy(m.Data, slices.Concat(goelf.Encode(header), goelf.Encode(progs)))
	copy(m.Data[shoff:], goelf.Encode(headers))
	for i, h := range headers {
		copy(m.Data[h.Off:], sections[i].Data)
	}
	return m
}

func putSymbol(b []byte, name uint32, sym Symbol, headers []elf.Section64, index map[string]int) {
	shndx, value := uint16(elf.SHN_UNDEF), sym.Offset
	switch sym.Section {
	case "":
	case "*ABS*":
		shndx = uint16(elf.SHN_ABS)
	default:
		i, ok := index[sym.Section]
		if !ok {
			panic(fmt.Sprintf("elftest: symbol %q is in unknown section %q", sym.Name, sym.Section))
		}
		shndx, value = uint16(i), headers[i].Addr+sym.Offset
	}
	goelf.AppendSymbol(b[:0], elf.Sym64{Name: name, Info: elf.ST_INFO(sym.Bind, sym.Type), Shndx: shndx, Value: value, Size: sym.Size})
}

// strings is a plain string table: every string once, nothing shared.
type strings struct {
	data []byte
	off  map[string]uint32
}

func newStrings() *strings { return &strings{[]byte{0}, map[string]uint32{"": 0}} }

func (t *strings) add(s string) uint32 {
	off, ok := t.off[s]
	if !ok {
		off = uint32(len(t.data))
		t.off[s] = off
		t.data = append(append(t.data, s...), 0)
	}
	return off
}
