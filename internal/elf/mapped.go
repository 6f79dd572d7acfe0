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
