package pack

import (
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// A part is a section of the packed file.
type part struct {
	name  string
	typ   elf.SectionType
	flags elf.SectionFlag
	align uint64
	data  []byte

	link, info uint32
	entsize    uint64

	nameOff   uint32 // in the table of section names
	off, addr uint64
}

// Sections of the packed file that are not copies of the original's.
const (
	payloadSection = ".packed"
	restSection    = ".packed.rest"
	buildInfo      = goabi.BuildInfo
)

// emptyHash is a hash table of no symbols: one bucket, one chain entry for the
// null symbol.
var emptyHash = []uint32{1, 1, 0, 0}

// A writer lays out the packed file.
type writer struct {
	m     *image
	parts []*part
	progs []elf.Prog64
	note  packNote
	pie   bool
	base  uint64 // address of the ELF header
}

// write returns the packed file.
func (m *image) write() ([]byte, error) {
	w := &writer{m: m, note: m.note(), pie: elf.Type(m.f.Header.Type) == elf.ET_DYN}
	header := m.header()
	if !w.pie {
		// After the image, which must find its addresses free.
		w.base = goelf.AlignUp(header.Base+header.Room, max(m.arch.PageSize, unpacker.HugePage))
	}
	notes, err := m.notes()
	if err != nil {
		return nil, err
	}
	marker := &part{name: ".note.go3s.pack", typ: elf.SHT_NOTE, flags: elf.SHF_ALLOC, align: 4, data: w.note.encode()}
	notes = append(notes, marker)
	// A PT_NOTE has one alignment.
	slices.SortStableFunc(notes, func(a, b *part) int { return int(b.align) - int(a.align) })
	w.parts = slices.Clone(notes)
	if p, err := m.buildInfo(); err != nil {
		return nil, err
	} else if p != nil {
		w.parts = append(w.parts, p)
	}
	var dynamic *part
	if w.pie {
		dynamic = w.addDynamic()
	}
	unpackedRest := m.rangesAndRest()
	payload := &part{name: payloadSection, typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 8, data: m.payload(&header, len(unpackedRest))}
	code := &part{name: ".text", typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, align: 16, data: m.arch.Unpacker.Code}
	// In a segment, though nobody reads it there: tools drop sections that are in none.
	rest := &part{name: restSection, typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 1, data: compressLZ4(nil, unpackedRest)}
	w.note.RestSize = uint64(len(unpackedRest))
	last := w.parts[len(w.parts)-1] // of the first segment
	// The code comes first: where the file is cut off after it, it can say so.
	w.parts = append(w.parts, code, payload, rest)
	w.addNames()

	nprogs := 5 // three PT_LOAD, PT_NOTE, PT_GNU_STACK
	if notes[0].align != notes[len(notes)-1].align {
		nprogs++
	}
	if w.pie {
		nprogs++
	}
	shoff := w.place(nprogs, code, payload)
	w.load(elf.PF_R, nil, last)
	w.load(elf.PF_R|elf.PF_X, code, code)
	w.load(elf.PF_R, payload, rest)
	if dynamic != nil {
		w.fillDynamic(dynamic)
		w.cover(elf.PT_DYNAMIC, 8, dynamic)
	}
	w.coverNotes(notes)
	w.progs = append(w.progs, elf.Prog64{Type: uint32(elf.PT_GNU_STACK), Flags: uint32(elf.PF_R | elf.PF_W), Align: 16})

	w.note.Header, w.note.End = payload.off, payload.off+uint64(len(payload.data))
	w.note.Rest, w.note.RestPacked = rest.off, uint64(len(rest.data))
	marker.data = w.note.encode()
	if code.data, err = w.unpacker(code, payload); err != nil {
		return nil, err
	}
	return w.bytes(code.addr, shoff), nil
}

// addNames adds the table of section names.
func (w *writer) addNames() {
	w.parts = append(w.parts, &part{name: ".shstrtab", typ: elf.SHT_STRTAB, align: 1})
	var names goelf.Strings
	for _, p := range w.parts {
		p.nameOff = names.Add(p.name)
	}
	w.parts[len(w.parts)-1].data = names.Data()
}

// place gives the parts their places, after nprogs program headers, and returns that of the section headers. A segment begins with each of
// starts.
func (w *writer) place(nprogs int, starts ...*part) (shoff uint64) {
	off := uint64(goelf.HeaderSize + nprogs*goelf.ProgHeaderSize)
	delta := w.base // address less offset
	for _, p := range w.parts {
		off = goelf.AlignUp(off, p.align)
		if slices.Contains(starts, p) {
			delta += w.m.arch.PageSize
		}
		p.off = off
		if p.flags&elf.SHF_ALLOC != 0 {
			p.addr = off + delta
		}
		off += uint64(len(p.data))
	}
	return goelf.AlignUp(off, 8)
}

// load adds a PT_LOAD segment of the parts from from, nil for the start of the file, to to.
func (w *writer) load(flags elf.ProgFlag, from, to *part) {
	start, addr := uint64(0), w.base
	if from != nil {
		start, addr = from.off, from.addr
	}
	size := to.off + uint64(len(to.data)) - start
	w.progs = append(w.progs, elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(flags), Off: start, Vaddr: addr, Paddr: addr,
		Filesz: size, Memsz: size, Align: w.m.arch.PageSize})
}

// coverNotes adds a PT_NOTE for each run of notes that have the same alignment.
func (w *writer) coverNotes(notes []*part) {
	for len(notes) > 0 {
		n := slices.IndexFunc(notes, func(p *part) bool { return p.align != notes[0].align })
		if n < 0 {
			n = len(notes)
		}
		w.cover(elf.PT_NOTE, notes[0].align, notes[:n]...)
		notes = notes[n:]
	}
}

// unpacker returns the code that unpacks payload.
func (w *writer) unpacker(code, payload *part) ([]byte, error) {
	m := w.m
	b, err := link.Place(m.arch, m.arch.Unpacker, code.addr, func(name string) (uint64, bool) {
		switch name {
		case "_start":
			return code.addr, true
		case "__pack_header":
			return payload.addr, true
		case "__pack_end":
			return payload.addr + uint64(len(payload.data)), true
		}
		return 0, false
	})
	if err != nil {
		return nil, fmt.Errorf("%s: unpacker: %w", m.f.Name, err)
	}
	return b, nil
}

// cover adds a segment that covers the parts, which follow each other.
func (w *writer) cover(typ elf.ProgType, align uint64, parts ...*part) {
	first, last := parts[0], parts[len(parts)-1]
	size := last.off + uint64(len(last.data)) - first.off
	w.progs = append(w.progs, elf.Prog64{Type: uint32(typ), Flags: uint32(elf.PF_R), Off: first.off, Vaddr: first.addr, Paddr: first.addr,
		Filesz: size, Memsz: size, Align: align})
}

// addDynamic adds the sections that readers of PT_DYNAMIC expect and returns
// .dynamic, still empty.
func (w *writer) addDynamic() *part {
	n := uint32(len(w.parts))
	dynsym := &part{name: ".dynsym", typ: elf.SHT_DYNSYM, flags: elf.SHF_ALLOC, align: 8, data: make([]byte, goelf.SymbolSize),
		entsize: goelf.SymbolSize, link: n + 2, info: 1}
	dynstr := &part{name: ".dynstr", typ: elf.SHT_STRTAB, flags: elf.SHF_ALLOC, align: 1, data: []byte{0}}
	hash := &part{name: ".hash", typ: elf.SHT_HASH, flags: elf.SHF_ALLOC, align: 8, data: goelf.Encode(emptyHash), entsize: 4, link: n + 1}
	dynamic := &part{name: ".dynamic", typ: elf.SHT_DYNAMIC, flags: elf.SHF_ALLOC, align: 8, data: make([]byte, 7*goelf.DynSize),
		entsize: goelf.DynSize, link: n + 2}
	w.parts = append(w.parts, dynsym, dynstr, hash, dynamic)
	return dynamic
}

// fillDynamic writes .dynamic. The unpacker has nothing to relocate.
func (w *writer) fillDynamic(dynamic *part) {
	addr := func(name string) uint64 {
		i := slices.IndexFunc(w.parts, func(p *part) bool { return p.name == name })
		return w.parts[i].addr
	}
	dynamic.data = goelf.Encode([]elf.Dyn64{
		{Tag: int64(elf.DT_HASH), Val: addr(".hash")},
		{Tag: int64(elf.DT_STRTAB), Val: addr(".dynstr")},
		{Tag: int64(elf.DT_SYMTAB), Val: addr(".dynsym")},
		{Tag: int64(elf.DT_STRSZ), Val: 1},
		{Tag: int64(elf.DT_SYMENT), Val: goelf.SymbolSize},
		{Tag: int64(elf.DT_FLAGS_1), Val: uint64(elf.DF_1_NOW | elf.DF_1_PIE)},
		{Tag: int64(elf.DT_NULL)},
	})
}

// bytes returns the file.
func (w *writer) bytes(entry, shoff uint64) []byte {
	header := w.m.f.Header
	header.Entry, header.Phoff, header.Shoff = entry, goelf.HeaderSize, shoff
	header.Phnum, header.Shnum, header.Shstrndx = uint16(len(w.progs)), uint16(len(w.parts)+1), uint16(len(w.parts))
	header.Phentsize, header.Shentsize, header.Ehsize = goelf.ProgHeaderSize, goelf.SectionHeaderSize, goelf.HeaderSize
	out := make([]byte, shoff, shoff+uint64(len(w.parts)+1)*goelf.SectionHeaderSize)
	copy(out, append(goelf.Encode(header), goelf.Encode(w.progs)...))
	out = append(out, make([]byte, goelf.SectionHeaderSize)...)
	for _, p := range w.parts {
		copy(out[p.off:], p.data)
		out = append(out, goelf.Encode(elf.Section64{
			Name: p.nameOff, Type: uint32(p.typ), Flags: uint64(p.flags), Addr: p.addr, Off: p.off, Size: uint64(len(p.data)),
			Link: p.link, Info: p.info, Addralign: p.align, Entsize: p.entsize,
		})...)
	}
	return out
}

// notes returns copies of the program's notes.
func (m *image) notes() ([]*part, error) {
	var parts []*part
	add := func(name string, align uint64, data []byte) {
		if len(data) > 0 {
			if align != 8 {
				align = 4
			}
			parts = append(parts, &part{name: name, typ: elf.SHT_NOTE, flags: elf.SHF_ALLOC, align: align, data: data})
		}
	}
	for i := range m.f.Sections {
		s := &m.f.Sections[i]
		if elf.SectionType(s.Type) != elf.SHT_NOTE || s.Flags&uint64(elf.SHF_ALLOC) == 0 {
			continue
		}
		data, err := m.f.SectionData(s)
		if err != nil {
			return nil, err
		}
		add(s.Str, s.Addralign, data)
	}
	if len(parts) > 0 {
		return parts, nil
	}
	for i := range m.f.Progs {
		if p := &m.f.Progs[i]; elf.ProgType(p.Type) == elf.PT_NOTE {
			data, err := m.f.SegmentData(p)
			if err != nil {
				return nil, err
			}
			add(".note", p.Align, data)
		}
	}
	return parts, nil
}

// buildInfo returns a copy of the program's Go build information, nil when it has
// none. It holds no addresses since Go 1.18.
func (m *image) buildInfo() (*part, error) {
	s := m.f.Section(buildInfo)
	if s == nil {
		return nil, nil
	}
	data, err := m.f.SectionData(s)
	if err != nil {
		return nil, err
	}
	return &part{name: buildInfo, typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: 16, data: data}, nil
}
