package strip

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// maxAlign bounds sh_addralign in bytes of the sections that get a new place,
// and with it the padding that a hostile file can ask for.
const maxAlign = 1 << 20

// check refuses files that are no executables, and those in which headers,
// sections and segments contradict each other: their bytes cannot be moved
// with certainty.
func (s *stripper) check() error {
	for _, step := range []func() error{s.checkType, s.checkSections, s.checkOverlap, s.checkEnd} {
		if err := step(); err != nil {
			return err
		}
	}
	// Notes are what is left to tell what the program is: refuse to pass on
	// broken ones.
	_, err := s.f.Notes()
	return err
}

func (s *stripper) checkType() error {
	f := s.f
	loads, interp := 0, false
	var code *elf.Prog64 // the segment with the entry point
	for i := range f.Progs {
		p := &f.Progs[i]
		switch elf.ProgType(p.Type) {
		case elf.PT_LOAD:
			loads++
			if p.Flags&uint32(elf.PF_X) != 0 && f.Header.Entry >= p.Vaddr && f.Header.Entry-p.Vaddr < p.Memsz {
				code = p
			}
		case elf.PT_INTERP:
			interp = true
		}
	}
	switch t := elf.Type(f.Header.Type); {
	case t == elf.ET_REL:
		return s.errorf("is a relocatable file (%v), want an executable: what the linker still needs would be removed. Strip the program it is linked into", t)
	case loads == 0:
		return s.errorf("has no PT_LOAD segment, want an executable")
	case t == elf.ET_DYN && f.Header.Entry == 0 && !interp:
		return s.errorf("is a shared library (%v with neither entry point nor PT_INTERP), want an executable. Use the strip of binutils or LLVM for it", t)
	case code == nil:
		return s.errorf("e_entry %#x is not in an executable PT_LOAD segment", f.Header.Entry)
	case f.Header.Entry-code.Vaddr >= code.Filesz:
		return s.errorf("the code at e_entry %#x is not in the file, want an executable. A file for debuggers (--only-keep-debug) is not stripped", f.Header.Entry)
	}
	return nil
}

func hasContents(s *goelf.Section) bool {
	t := elf.SectionType(s.Type)
	return t != elf.SHT_NULL && t != elf.SHT_NOBITS && s.Size > 0
}

func isAlloc(s *goelf.Section) bool { return s.Flags&uint64(elf.SHF_ALLOC) != 0 }

// show describes section i for messages.
func (s *stripper) show(i int) string {
	return fmt.Sprintf("section [index %d] %q", i, s.f.Sections[i].Str)
}

func (s *stripper) checkSections() error {
	f := s.f
	if len(f.Sections) >= int(elf.SHN_LORESERVE) {
		return s.errorf("has %d sections, want fewer than %d (extended numbering is not for executables)", len(f.Sections), int(elf.SHN_LORESERVE))
	}
	for i := 1; i < len(f.Sections); i++ {
		sec := &f.Sections[i]
		switch t := elf.SectionType(sec.Type); t {
		case elf.SHT_SYMTAB:
			if s.symtab != 0 {
				return s.errorf("has two symbol tables, %s and %s, want at most one", s.show(s.symtab), s.show(i))
			}
			s.symtab, s.strtab = i, int(sec.Link)
		case elf.SHT_SYMTAB_SHNDX, elf.SHT_GROUP:
			return s.errorf("%s has type %v, which executables do not have", s.show(i), t)
		}
		if !hasContents(sec) {
			continue
		}
		if isAlloc(sec) {
			if err := s.checkLoaded(sec); err != nil {
				return err
			}
		}
		if (!isAlloc(sec) || elf.SectionType(sec.Type) == elf.SHT_NOTE) && sec.Addralign > maxAlign {
			return s.errorf("%s has sh_addralign %#x, want at most %#x", s.show(i), sec.Addralign, uint64(maxAlign))
		}
	}
	for _, i := range []int{s.symtab, s.strtab, f.Shstrndx} {
		if i != 0 && isAlloc(&f.Sections[i]) {
			return s.errorf("%s is loaded (SHF_ALLOC) and so cannot be rebuilt", s.show(i))
		}
	}
	return nil
}

// checkLoaded checks that a loaded section is where its segment says.
func (s *stripper) checkLoaded(sec *goelf.Section) error {
	for i := range s.f.Progs {
		p := &s.f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD || sec.Addr < p.Vaddr || sec.Addr-p.Vaddr >= p.Memsz {
			continue
		}
		if off := p.Off + (sec.Addr - p.Vaddr); sec.Off != off || sec.Size > p.Filesz-min(p.Filesz, sec.Addr-p.Vaddr) {
			return s.errorf("%s with sh_addr %#x has sh_offset %#x and sh_size %#x, but its segment [index %d] loads that address from offset %#x and ends at %#x",
				s.show(sec.Index), sec.Addr, sec.Off, sec.Size, i, off, p.Off+p.Filesz)
		}
		return nil
	}
	return s.errorf("%s with sh_addr %#x is loaded (SHF_ALLOC), but in no PT_LOAD segment", s.show(sec.Index), sec.Addr)
}

// A span is a range of file offsets, its end not included.
type span struct{ off, end uint64 }

func (a span) overlaps(b span) bool { return a.off < b.end && b.off < a.end }
func (a span) contains(b span) bool { return a.off <= b.off && b.end <= a.end }

func sectionSpan(sec *goelf.Section) span { return span{sec.Off, sec.Off + sec.Size} }

// sectionHeaders and progHeaders return where the tables are, empty when there
// is none.
func (s *stripper) sectionHeaders() span {
	n := uint64(len(s.f.Sections)) * goelf.SectionHeaderSize
	return span{s.f.Header.Shoff, s.f.Header.Shoff + n}
}

func (s *stripper) progHeaders() span {
	n := uint64(len(s.f.Progs)) * goelf.ProgHeaderSize
	return span{s.f.Header.Phoff, s.f.Header.Phoff + n}
}

// segments returns the file parts of all segments.
func (s *stripper) segments() []span {
	var spans []span
	for _, p := range s.f.Progs {
		if elf.ProgType(p.Type) != elf.PT_NULL && p.Filesz > 0 {
			spans = append(spans, span{p.Off, p.Off + p.Filesz})
		}
	}
	return spans
}

// checkOverlap checks that no two sections or headers share bytes, and that no
// section crosses the end of a segment.
func (s *stripper) checkOverlap() error {
	f := s.f
	headers := []struct {
		name string
		span
	}{
		{"ELF header", span{0, goelf.HeaderSize}},
		{"program header table", s.progHeaders()},
		{"section header table", s.sectionHeaders()},
	}
	segments := s.segments()
	var order []int
	for i := range f.Sections {
		sec := &f.Sections[i]
		if !hasContents(sec) {
			continue
		}
		order = append(order, i)
		for _, h := range headers {
			if h.overlaps(sectionSpan(sec)) {
				return s.errorf("%s at offset %#x to %#x overlaps the %s at %#x to %#x", s.show(i), sec.Off, sec.Off+sec.Size, h.name, h.off, h.end)
			}
		}
		if isAlloc(sec) {
			continue
		}
		for _, seg := range segments {
			if seg.overlaps(sectionSpan(sec)) && !seg.contains(sectionSpan(sec)) {
				return s.errorf("%s at offset %#x to %#x is only partly inside the segment at %#x to %#x", s.show(i), sec.Off, sec.Off+sec.Size, seg.off, seg.end)
			}
		}
	}
	for _, seg := range segments {
		if table := s.sectionHeaders(); seg.overlaps(table) && !seg.contains(table) {
			return s.errorf("section header table at %#x to %#x is only partly inside the segment at %#x to %#x", table.off, table.end, seg.off, seg.end)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(f.Sections[a].Off, f.Sections[b].Off), cmp.Compare(a, b))
	})
	for n := 1; n < len(order); n++ {
		a, b := order[n-1], order[n]
		if sectionSpan(&f.Sections[a]).overlaps(sectionSpan(&f.Sections[b])) {
			return s.errorf("%s at offset %#x to %#x overlaps section [index %d] %q at %#x", s.show(a), f.Sections[a].Off, f.Sections[a].Off+f.Sections[a].Size, b, f.Sections[b].Str, f.Sections[b].Off)
		}
	}
	return nil
}

// bodyEnd returns where the body ends (see the package comment).
func (s *stripper) bodyEnd() uint64 {
	end := max(goelf.HeaderSize, s.progHeaders().end)
	for _, seg := range s.segments() {
		end = max(end, seg.end)
	}
	return end
}

// checkEnd refuses files with something appended, say an archive that the
// program reads from its own file: it would be lost.
func (s *stripper) checkEnd() error {
	end := max(s.bodyEnd(), s.sectionHeaders().end)
	for i := range s.f.Sections {
		if sec := &s.f.Sections[i]; hasContents(sec) {
			end = max(end, sec.Off+sec.Size)
		}
	}
	rest := s.f.Data[end:]
	if n := len(bytes.TrimRight(rest, "\x00")); n > 0 {
		return s.errorf("%d bytes from offset %#x on belong to no section, segment or header and would be lost. Strip the program before anything is appended to it", n, end)
	}
	return nil
}
