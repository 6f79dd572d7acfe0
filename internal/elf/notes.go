package elf

import (
	"bytes"
	"debug/elf"
)

// Notes returns the entries of all PT_NOTE segments in file order of their
// program headers or, in a file without program headers, of all SHT_NOTE
// sections (gABI 5, "Note Section"). Entries are padded to 4 bytes; to 8 where
// p_align or sh_addralign is 8, as the x86-64 psABI does for
// NT_GNU_PROPERTY_TYPE_0.
func (f *File) Notes() ([]Note, error) {
	var notes []Note
	var total uint64 // bytes of notes so far
	read := func(header, off, size, align uint64) error {
		// Else ten thousand headers for the same notes would be read ten thousand times.
		if total += size; total > f.size() {
			return f.errorf(header, "notes overlap: up to this one they add up to %#x bytes, more than the file size (%#x)", total, f.size())
		}
		var err error
		notes, err = f.appendNotes(notes, off, size, align)
		return err
	}
	if len(f.Progs) > 0 {
		for i := range f.Progs {
			if p := &f.Progs[i]; elf.ProgType(p.Type) == elf.PT_NOTE {
				if err := read(f.progField(i, 0), p.Off, p.Filesz, p.Align); err != nil {
					return nil, err
				}
			}
		}
		return notes, nil
	}
	for i := range f.Sections {
		if s := &f.Sections[i]; elf.SectionType(s.Type) == elf.SHT_NOTE {
			if err := read(f.sectionField(i, 0), s.Off, s.Size, s.Addralign); err != nil {
				return nil, err
			}
		}
	}
	return notes, nil
}

func (f *File) appendNotes(notes []Note, off, size, align uint64) ([]Note, error) {
	if size == 0 {
		return notes, nil
	}
	if align != 8 {
		align = 4
	}
	end := off + size // both inside the file, Parse has checked
	for off < end {
		left := end - off
		if left < 12 {
			return nil, f.errorf(off, "note is cut off: %d bytes are left, its header has 12", left)
		}
		namesz := uint64(le.Uint32(f.Data[off:]))
		descsz := uint64(le.Uint32(f.Data[off+4:]))
		// Sums of two 32-bit values do not wrap.
		descOff := AlignUp(12+namesz, align)
		if 12+namesz > left || (descsz > 0 && descOff+descsz > left) {
			return nil, f.errorf(off, "note with n_namesz %#x and n_descsz %#x goes beyond the %#x bytes left", namesz, descsz, left)
		}
		n := Note{
			// The terminating NUL counts in n_namesz; some writers leave it out.
			Name: string(bytes.TrimRight(f.Data[off+12:off+12+namesz], "\x00")),
			Type: le.Uint32(f.Data[off+8:]),
			Off:  off,
		}
		if descsz > 0 {
			n.Desc = f.Data[off+descOff : off+descOff+descsz : off+descOff+descsz]
		}
		notes = append(notes, n)
		off += AlignUp(descOff+descsz, align) // the last entry's padding may be missing
	}
	return notes, nil
}
