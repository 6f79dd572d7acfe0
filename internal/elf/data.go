package elf

import "debug/elf"

// Section returns the first section with that name, nil when there is none.
func (f *File) Section(name string) *Section {
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Str == name && elf.SectionType(s.Type) != elf.SHT_NULL {
			return s
		}
	}
	return nil
}

// SectionData returns the bytes that section s has in the file: none for
// SHT_NOBITS and SHT_NULL. The contents of compressed sections (SHF_COMPRESSED)
// are returned as they are.
func (f *File) SectionData(s *Section) ([]byte, error) {
	if t := elf.SectionType(s.Type); t == elf.SHT_NOBITS || t == elf.SHT_NULL {
		return nil, nil
	}
	if !f.inFile(s.Off, s.Size) {
		return nil, f.errorf(s.Off, "section [index %d] has sh_offset (%#x) + sh_size (%#x) beyond the file size (%#x)", s.Index, s.Off, s.Size, f.size())
	}
	return f.Data[s.Off : s.Off+s.Size : s.Off+s.Size], nil
}

// plainData is SectionData for tables that nobody compresses.
func (f *File) plainData(s *Section) ([]byte, error) {
	if s.Flags&uint64(elf.SHF_COMPRESSED) != 0 {
		return nil, f.errorf(f.sectionField(s.Index, 8), "section [index %d] of type %v is compressed (SHF_COMPRESSED), want it plain", s.Index, elf.SectionType(s.Type))
	}
	return f.SectionData(s)
}

// SegmentData returns the bytes that segment p has in the file.
func (f *File) SegmentData(p *elf.Prog64) ([]byte, error) {
	if p.Filesz == 0 || elf.ProgType(p.Type) == elf.PT_NULL {
		return nil, nil
	}
	if !f.inFile(p.Off, p.Filesz) {
		return nil, f.errorf(p.Off, "segment has p_offset (%#x) + p_filesz (%#x) beyond the file size (%#x)", p.Off, p.Filesz, f.size())
	}
	return f.Data[p.Off : p.Off+p.Filesz : p.Off+p.Filesz], nil
}

// Bytes returns the n bytes that the file holds for the addresses from vaddr
// on. It fails when they are not all in the file part of one PT_LOAD segment.
func (f *File) Bytes(vaddr, n uint64) ([]byte, error) {
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD || vaddr < p.Vaddr || vaddr-p.Vaddr > p.Filesz {
			continue
		}
		// A range at the very end of a segment may belong to the next one.
		if skip := vaddr - p.Vaddr; n <= p.Filesz-skip && (skip < p.Filesz || n == 0) {
			off := p.Off + skip
			return f.Data[off : off+n : off+n], nil
		}
	}
	return nil, f.errorf(0, "addresses %#x to %#x are not in the file part of one PT_LOAD segment", vaddr, vaddr+n)
}
