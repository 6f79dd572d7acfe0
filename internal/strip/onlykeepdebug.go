package strip

import (
	"bytes"
	"debug/elf"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// layOutDebug lays out the file for debuggers: the ELF header, the program
// headers, the notes, all that is not loaded, and the section header table.
// Addresses and section indices are those of the program, but loaded sections
// have become SHT_NOBITS, and segments without a note have no file part.
func (s *stripper) layOutDebug(sections []section) *Output {
	f := s.f
	header := f.Header
	header.Phoff = goelf.HeaderSize
	l := &layout{}
	headersEnd := goelf.HeaderSize + uint64(len(f.Progs))*goelf.ProgHeaderSize
	room := newRoom(nil, headersEnd)

	for i := range sections {
		sec := &sections[i]
		t := elf.SectionType(sec.header.Type)
		if t == elf.SHT_NULL {
			continue
		}
		if sec.header.Flags&uint64(elf.SHF_ALLOC) != 0 && t != elf.SHT_NOTE {
			sec.header.Type, sec.source = uint32(elf.SHT_NOBITS), source{}
		}
		sec.header.Off = room.take(sec.source.size(), max(sec.header.Addralign, 1))
		l.put(sec.header.Off, sec.source)
	}

	progs := append([]elf.Prog64(nil), f.Progs...)
	for i := range progs {
		p := &progs[i]
		switch t := elf.ProgType(p.Type); {
		case t == elf.PT_PHDR:
			p.Off = header.Phoff
		case t == elf.PT_LOAD && p.Off == 0 && p.Filesz >= headersEnd && f.Header.Phoff == header.Phoff:
			p.Filesz = headersEnd // the headers are where they were; PT_PHDR must be in a PT_LOAD
		case t == elf.PT_NOTE:
			// The notes of one segment stay together: they are adjacent and the
			// alignment is unchanged. Else the segment loses its file part.
			first := noteAt(sections, p.Vaddr)
			if first != nil && p.Filesz <= l.end-first.Off && s.sameBytes(l, first.Off, p) {
				p.Off = first.Off
				continue
			}
			p.Off, p.Filesz = 0, 0
		default:
			p.Off, p.Filesz = 0, 0
		}
	}
	l.put(header.Phoff, source{data: goelf.Encode(progs)})

	header.Shnum, header.Shstrndx = uint16(len(sections)), s.shstrndx()
	header.Shoff = 0
	if len(sections) > 0 {
		header.Shoff = room.take(uint64(len(sections))*goelf.SectionHeaderSize, 8)
		l.put(header.Shoff, source{data: encodeSections(sections)})
	}
	l.put(0, source{data: goelf.Encode(header)})
	return l.output()
}

// noteAt returns the header of the note section at that address.
func noteAt(sections []section, addr uint64) *elf.Section64 {
	for i := range sections {
		h := &sections[i].header
		if elf.SectionType(h.Type) == elf.SHT_NOTE && h.Flags&uint64(elf.SHF_ALLOC) != 0 && h.Addr == addr {
			return h
		}
	}
	return nil
}

// sameBytes reports whether the plan has the bytes of segment p at off. They are
// those of note sections, which come from the input.
func (s *stripper) sameBytes(l *layout, off uint64, p *elf.Prog64) bool {
	want := s.f.Data[p.Off : p.Off+p.Filesz]
	for i := range l.placed {
		here := &l.placed[i]
		if here.off != off || here.data != nil {
			continue
		}
		have := s.f.Data[here.input.off:here.input.end]
		n := min(len(have), len(want))
		if !bytes.Equal(have[:n], want[:n]) {
			return false
		}
		off, want = off+uint64(n), want[n:]
	}
	return len(want) == 0
}
