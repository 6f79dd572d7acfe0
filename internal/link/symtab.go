package link

import (
	"debug/elf"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// keepSymbol reports whether symbol s belongs in the output. Section symbols and
// assembler-local labels (.L…) serve relocation only.
func (l *linker) keepSymbol(s symbol) bool {
	if s.typ() == elf.STT_SECTION || l.obj.nameHasPrefix(s.name, ".L") {
		return false
	}
	return s.section == uint16(elf.SHN_ABS) || l.obj.sections[s.section].out != nil
}

// makeSymtab returns the sections .symtab and .strtab. The names are those of the
// object, then that of the entry stub.
func (l *linker) makeSymtab() []*section {
	n, locals := 1, 1
	for i := 1; i < l.obj.symbols(); i++ {
		if l.keepSymbol(l.obj.symbol(uint32(i))) {
			n++
			if i < l.obj.locals {
				locals++
			}
		}
	}
	strtab := &section{name: ".strtab", typ: elf.SHT_STRTAB, align: 1, size: uint64(len(l.obj.strtab) + len(startSymbol) + 1)}
	symtab := &section{name: ".symtab", typ: elf.SHT_SYMTAB, align: 8, size: uint64(n+1) * goelf.SymbolSize, entsize: goelf.SymbolSize, link: strtab, info: uint32(locals)}
	return []*section{symtab, strtab}
}

// fillSymtab writes what makeSymtab made.
func (l *linker) fillSymtab() {
	symtab, strtab := l.section(".symtab"), l.section(".strtab")
	copy(l.image[strtab.off:], l.obj.strtab)
	copy(l.image[strtab.off+uint64(len(l.obj.strtab)):], startSymbol)
	out := l.image[symtab.off : symtab.off+symtab.size]
	put := func(s symbol) {
		out = out[goelf.SymbolSize:]
		le.PutUint32(out, s.name)
		out[4], out[5] = s.info, s.other
		le.PutUint16(out[6:], s.section)
		le.PutUint64(out[8:], s.value)
		le.PutUint64(out[16:], s.size)
	}
	for i := 1; i < l.obj.symbols(); i++ {
		s := l.obj.symbol(uint32(i))
		if !l.keepSymbol(s) {
			continue
		}
		if s.section != uint16(elf.SHN_ABS) {
			to := l.obj.sections[s.section].out
			s.section = uint16(to.index)
			if to.flags&elf.SHF_TLS == 0 { // the value of a TLS symbol counts from its segment
				s.value += to.addr
			}
		}
		put(s)
	}
	text := l.section(".text")
	put(symbol{
		name: uint32(len(l.obj.strtab)), info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), section: uint16(text.index),
		value: text.addr + l.stubOff, size: uint64(len(l.stub.Code)),
	})
}
