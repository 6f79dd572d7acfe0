package elf

import "debug/elf"

// A SymbolTable gives access to the entries of an SHT_SYMTAB or SHT_DYNSYM
// section without decoding all of them: the symbol tables of large programs
// have millions of entries.
type SymbolTable struct {
	file    *File
	section *Section
	raw     []byte
	strings *StringTable
}

// SymbolTable returns the symbol table in section s. It fails when s is of
// another type than SHT_SYMTAB and SHT_DYNSYM, or compressed.
func (f *File) SymbolTable(s *Section) (*SymbolTable, error) {
	if t := elf.SectionType(s.Type); t != elf.SHT_SYMTAB && t != elf.SHT_DYNSYM {
		return nil, f.errorf(f.sectionField(s.Index, 4), "section [index %d] has type %v, want %v or %v: it is used as a symbol table", s.Index, t, elf.SHT_SYMTAB, elf.SHT_DYNSYM)
	}
	raw, err := f.plainData(s)
	if err != nil {
		return nil, err
	}
	strings, err := f.StringTable(&f.Sections[s.Link]) // Parse has checked the link
	if err != nil {
		return nil, err
	}
	return &SymbolTable{f, s, raw, strings}, nil
}

// Len returns the number of entries, the null symbol included.
func (t *SymbolTable) Len() int { return len(t.raw) / SymbolSize }

// At returns entry i, 0 <= i < Len(). It fails when the name is not a string of
// the linked string table or st_shndx names no section.
func (t *SymbolTable) At(i int) (Symbol, error) {
	b := t.raw[i*SymbolSize : (i+1)*SymbolSize]
	sym := Symbol{Sym64: elf.Sym64{
		Name:  le.Uint32(b),
		Info:  b[4],
		Other: b[5],
		Shndx: le.Uint16(b[6:]),
		Value: le.Uint64(b[8:]),
		Size:  le.Uint64(b[16:]),
	}}
	at := t.section.Off + uint64(i)*SymbolSize
	var ok bool
	if sym.Str, ok = t.strings.At(sym.Name); !ok {
		return Symbol{}, t.file.errorf(at, "symbol %d of section [index %d] has st_name %#x, where section [index %d] (%#x bytes) holds no terminated string", i, t.section.Index, sym.Name, t.section.Link, len(t.strings.data))
	}
	if x := elf.SectionIndex(sym.Shndx); x < elf.SHN_LORESERVE && int(x) >= len(t.file.Sections) {
		return Symbol{}, t.file.errorf(at+6, "symbol %d of section [index %d] has st_shndx %d, but the file has %d sections", i, t.section.Index, x, len(t.file.Sections))
	}
	return sym, nil
}

// Symbols returns all entries of the symbol table in section s, a .symtab or a
// .dynsym. Entry 0 is the null symbol, so indices are those of the file.
func (f *File) Symbols(s *Section) ([]Symbol, error) {
	t, err := f.SymbolTable(s)
	if err != nil {
		return nil, err
	}
	syms := make([]Symbol, t.Len())
	for i := range syms {
		if syms[i], err = t.At(i); err != nil {
			return nil, err
		}
	}
	return syms, nil
}
