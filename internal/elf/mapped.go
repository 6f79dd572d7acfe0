package elf

import "debug/elf"

// Mapped returns the bytes that the kernel maps for the PT_LOAD segment p, and their address. It maps whole pages
// (fs/binfmt_elf.c, elf_map), so what the file holds before and after the segment in its first and last
// page is there as well, with the segment's permissions. Pages have 4 KiB, on AArch64 up to the segment's alignment and
// 64 KiB.
func (f *File) Mapped(p *elf.Prog64) (addr uint64, data []byte) {
	if p.Filesz == 0 || !f.inFile(p.Off, p.Filesz) {
		return p.Vaddr, nil
	}
	const page = 4096
	start, end := p.Off, p.Off+p.Filesz
	if before := p.Vaddr % page; p.Off%page == before { // else the kernel refuses the file
		start -= before
		end = min((end+page-1)&^(page-1), f.size())
	}
	return p.Vaddr - (p.Off - start), f.Data[start:end:end]
}

// An Addend is the value that a relocation without a symbol puts, plus the load address, into the word at Addr.
type Addend struct{ Addr, Value uint64 }

// Addends returns what the table DT_RELA of f, if there is one, relocates without a symbol. What the
// words hold in the file does not count then. The error is a *FormatError when the table is not in the file.
func (f *File) Addends() ([]Addend, error) {
	var addr, size uint64
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_DYNAMIC {
			continue
		}
		data, err := f.SegmentData(p)
		if err != nil {
			return nil, err
		}
		for ; len(data) >= DynSize && elf.DynTag(le.Uint64(data)) != elf.DT_NULL; data = data[DynSize:] {
			switch elf.DynTag(le.Uint64(data)) {
			case elf.DT_RELA:
				addr = le.Uint64(data[8:])
			case elf.DT_RELASZ:
				size = le.Uint64(data[8:])
			}
		}
	}
	if size == 0 {
		return nil, nil
	}
	data, err := f.Bytes(addr, size)
	if err != nil {
		return nil, err
	}
	var out []Addend
	for ; len(data) >= RelaSize; data = data[RelaSize:] {
		if elf.R_SYM64(le.Uint64(data[8:])) == 0 {
			out = append(out, Addend{le.Uint64(data), le.Uint64(data[16:])})
		}
	}
	return out, nil
}
