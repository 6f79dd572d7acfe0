package link

import (
	"cmp"
	"debug/elf"
	"sync"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/hugepages"
	"github.com/go3s/rules_go3s/internal/outfile"
)

// fill makes the image and puts the contents of the object's sections, and what is
// for dynamic linking, into place.
func (l *linker) fill() error {
	size := int(l.fileSize())
	if l.file != nil {
		l.out = outfile.New(l.file, size)
	} else {
		l.out = outfile.InMemory(hugepages.Bytes(size, size))
	}
	l.image = l.out.Bytes
	err := l.eachSection(func(s *section) error {
		if len(s.data) == 0 {
			return nil
		}
		return l.out.WriteAt(s.data, int64(s.off))
	})
	if err == nil && l.opt.PIE {
		err = l.fillDynamic()
	}
	return err
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
	copy(l.image[l.shoff+uint64(i)*goelf.SectionHeaderSize:], goelf.Encode(elf.Section64{
		Name: name, Type: uint32(s.typ), Flags: uint64(s.flags), Addr: s.addr, Off: s.off, Size: s.size,
		Link: link, Info: s.info, Addralign: s.align, Entsize: s.entsize,
	}))
}

// writeHeaders writes the ELF header and the program header table.
func (l *linker) writeHeaders(entry uint64) {
	typ := elf.ET_EXEC
	if l.opt.PIE {
		typ = elf.ET_DYN
	}
	h := goelf.NewHeader(typ, l.arch.ELF, l.arch.Flags)
	h.Entry, h.Phoff, h.Shoff = entry, goelf.HeaderSize, l.shoff
	h.Phnum, h.Shnum, h.Shstrndx = uint16(len(l.segments)), uint16(len(l.sections)+1), uint16(l.section(".shstrtab").index)
	b := goelf.Encode(h)
	for _, g := range l.segments {
		b = append(b, goelf.Encode(elf.Prog64{
			Type: uint32(g.typ), Flags: uint32(g.flags), Off: g.off, Vaddr: g.addr, Paddr: g.addr,
			Filesz: g.filesz, Memsz: g.memsz, Align: g.align,
		})...)
	}
	copy(l.image, b)
}
