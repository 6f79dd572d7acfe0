package elf

import "debug/elf"

// maxFreeHeader is how many bytes of headers FreeHeaderBytes copies.
const maxFreeHeader = 64 << 10

// FreeHeaderBytes returns a copy of the size bytes at file offset off in which each field of the header tables that determines
// how the file is loaded or read is zero. What is left is what somebody could have put there for another
// purpose: the padding of e_ident, p_paddr where it is not p_vaddr, headers of type PT_NULL, and so on. The range must be in the file. Of a
// large one, which no linker makes, the bytes are returned as they are.
func (f *File) FreeHeaderBytes(off, size uint64) []byte {
	if size > maxFreeHeader {
		return f.Data[off : off+size]
	}
	out := append([]byte(nil), f.Data[off:off+size]...)
	// fixed clears n bytes at file offset at.
	fixed := func(at, n uint64) {
		for i := max(at, off); i < min(at+n, off+size); i++ {
			out[i-off] = 0
		}
	}
	fixed(0, 8)   // e_ident up to EI_OSABI
	fixed(16, 32) // e_type to e_shoff
	fixed(52, 12) // e_ehsize to e_shstrndx
	if f.GOARCH() == "riscv64" {
		fixed(48, 1) // e_flags (RISC-V psABI, "ELF Object Files")
	}
	for i := range f.Progs {
		p, at := &f.Progs[i], f.progField(i, 0)
		switch elf.ProgType(p.Type) {
		case elf.PT_NULL, elf.PT_GNU_STACK:
			fixed(at, 8)
			continue
		}
		fixed(at, 24)    // p_type to p_vaddr
		fixed(at+32, 24) // p_filesz to p_align
		if p.Paddr == p.Vaddr {
			fixed(at+24, 8)
		}
	}
	for i := range f.Sections {
		at := f.sectionField(i, 0)
		if t := elf.SectionType(f.Sections[i].Type); t == elf.SHT_NULL {
			continue
		}
		fixed(at, 40)   // sh_name to sh_size
		fixed(at+48, 8) // sh_addralign
		if _, ok := sectionKinds[elf.SectionType(f.Sections[i].Type)]; ok {
			fixed(at+40, 8) // sh_link and sh_info mean something
		}
	}
	return out
}
