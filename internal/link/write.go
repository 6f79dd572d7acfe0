package link

import (
	"cmp"
	"debug/elf"
	"sync"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/hugepages"
)

// fill makes the image and puts the contents of the object's sections, and what is
// for dynamic linking, into place.
func (l *linker) fill() error {
	size := int(l.fileSize())
	l.image = hugepages.Bytes(size, size)
	l.eachSection(func(s *section) error {
		copy(l.image[s.off:], s.data)
		return nil
	})
	if l.opt.PIE {
		l.fillDynamic()
	}
	return nil
}

// eachSection calls f for every section, several at a time. The error is that of the
// first section that has one.
func (l *linker) eachSection(f func(*section) error) error {
	errs := make([]error, len(l.sections))
	var wg sync.WaitGroup
	for i, s := range l.sections {
		wg.Go(func() { errs[i] = f(s) })
	}
	wg.Wait()
	return cmp.Or(errs...)
}

// fileSize returns the size of the file: the section header table is its end.
func (l *linker) fileSize() uint64 {
	return l.shoff + uint64(len(l.sections)+1)*goelf.SectionHeaderSize
}

// finish writes all that follows the last section with contents from the object:
// symbol table, names, section header table.
func (l *linker) finish() error {
	if !l.opt.StripSymbols {
		l.fillSymtab()
	}
	names := l.section(".shstrtab")
	name := uint64(1)
	for i, s := range l.sections {
		l.writeSection(i+1, s, uint32(name))
		copy(l.image[names.off+name:], s.name)
		name += uint64(len(s.name)) + 1
	}
	return nil
}

// writeSection writes entry i of the section header table.
func (l *linker) writeSection(i int, s *section, name uint32) {
	var link uint32
	if s.link != nil {
		link = uint32(s.link.index)
	}
	b := l.image[l.shoff+uint64(i)*goelf.SectionHeaderSize:]
	le.PutUint32(b, name)
	le.PutUint32(b[4:], uint32(s.typ))
	le.PutUint64(b[8:], uint64(s.flags))
	le.PutUint64(b[16:], s.addr)
	le.PutUint64(b[24:], s.off)
	le.PutUint64(b[32:], s.size)
	le.PutUint32(b[40:], link)
	le.PutUint32(b[44:], s.info)
	le.PutUint64(b[48:], s.align)
	le.PutUint64(b[56:], s.entsize)
}

// writeHeaders writes the ELF header and the program header table.
func (l *linker) writeHeaders(entry uint64) {
	typ := elf.ET_EXEC
	if l.opt.PIE {
		typ = elf.ET_DYN
	}
	b := l.image
	copy(b, elf.ELFMAG)
	b[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	b[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	b[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	le.PutUint16(b[16:], uint16(typ))
	le.PutUint16(b[18:], uint16(l.arch.ELF))
	le.PutUint32(b[20:], uint32(elf.EV_CURRENT))
	le.PutUint64(b[24:], entry)
	le.PutUint64(b[32:], goelf.HeaderSize)
	le.PutUint64(b[40:], l.shoff)
	le.PutUint32(b[48:], l.arch.Flags)
	le.PutUint16(b[52:], goelf.HeaderSize)
	le.PutUint16(b[54:], goelf.ProgHeaderSize)
	le.PutUint16(b[56:], uint16(len(l.segments)))
	le.PutUint16(b[58:], goelf.SectionHeaderSize)
	le.PutUint16(b[60:], uint16(len(l.sections)+1))
	le.PutUint16(b[62:], uint16(l.section(".shstrtab").index))
	for i, g := range l.segments {
		p := b[goelf.HeaderSize+i*goelf.ProgHeaderSize:]
		le.PutUint32(p, uint32(g.typ))
		le.PutUint32(p[4:], uint32(g.flags))
		le.PutUint64(p[8:], g.off)
		le.PutUint64(p[16:], g.addr)
		le.PutUint64(p[24:], g.addr)
		le.PutUint64(p[32:], g.filesz)
		le.PutUint64(p[40:], g.memsz)
		le.PutUint64(p[48:], g.align)
	}
}
