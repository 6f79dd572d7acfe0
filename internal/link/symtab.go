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

// An ownSymbol is a symbol that the linker defines.
type ownSymbol struct {
	name        string
	typ         elf.SymType
	section     *section // nil for an absolute one
	value, size uint64   // value is an offset in section
}

// ownSymbols returns the entry stub's symbol and those of the user's sections.
func (l *linker) ownSymbols() []ownSymbol {
	out := []ownSymbol{{startSymbol, elf.STT_FUNC, l.section(".text"), l.stubOff, uint64(len(l.stub.Code))}}
	for _, s := range l.sections {
		if s.user != nil {
			name := s.user.symbolName()
			out = append(out,
				ownSymbol{name + "_start", elf.STT_OBJECT, s, 0, s.size},
				ownSymbol{name + "_end", elf.STT_NOTYPE, s, s.size, 0},
				ownSymbol{name + "_size", elf.STT_NOTYPE, nil, s.size, 0})
		}
	}
	return out
}

// makeSymtab returns the sections .symtab and .strtab. The names are those of the
// object, then the linker's own.
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
	strtab := &section{name: ".strtab", typ: elf.SHT_STRTAB, align: 1, size: uint64(len(l.obj.strtab))}
	for _, s := range l.ownSymbols() {
		strtab.size += uint64(len(s.name) + 1)
		n++
	}
	symtab := &section{name: ".symtab", typ: elf.SHT_SYMTAB, align: 8, size: uint64(n) * goelf.SymbolSize, entsize: goelf.SymbolSize, link: strtab,
		info: uint32(locals)}
	return []*section{symtab, strtab}
}

// fillSymtab writes what makeSymtab made.
func (l *linker) fillSymtab() {
	symtab, strtab := l.section(".symtab"), l.section(".strtab")
	copy(l.image[strtab.off:], l.obj.strtab)
	out := l.image[symtab.off : symtab.off+symtab.size]
	put := func(s symbol) {
		out = out[goelf.SymbolSize:]
		goelf.AppendSymbol(out[:0], elf.Sym64{Name: s.name, Info: s.info, Other: s.other, Shndx: s.section, Value: s.value, Size: s.size})
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
	name := uint64(len(l.obj.strtab))
	for _, s := range l.ownSymbols() {
		copy(l.image[strtab.off+name:], s.name)
		to := symbol{name: uint32(name), info: elf.ST_INFO(elf.STB_GLOBAL, s.typ), section: uint16(elf.SHN_ABS), value: s.value, size: s.size}
		if s.section != nil {
			to.section = uint16(s.section.index)
			to.value += s.section.addr
		}
		put(to)
		name += uint64(len(s.name) + 1)
	}
}
