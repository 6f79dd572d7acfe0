package strip

import (
	"debug/elf"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

const (
	symtabName = ".symtab"
	strtabName = ".strtab"
)

// findGoFunc finds what the symbol go:func.* names, when it is to be added and not there.
func (s *stripper) findGoFunc() error {
	if !s.o.AddGoFunc {
		return nil
	}
	if s.symtab != 0 {
		table, err := s.f.SymbolTable(&s.f.Sections[s.symtab])
		if err != nil {
			return err
		}
		for _, i := range s.symbols {
			if sym, err := table.At(i); err != nil || sym.Str == goFuncNames[0] || sym.Str == goFuncNames[1] {
				return err
			}
		}
	}
	var err error
	if s.goFunc, err = gobin.ReadGoFunc(s.f); err != nil {
		return s.errorf("go:func.* cannot be added: %v", err)
	}
	if s.f.Shstrndx == 0 {
		return s.errorf("go:func.* cannot be added: the file has no section names")
	}
	return nil
}

// goFuncSymbol encodes the symbol go:func.* as the Go linker does.
func (s *stripper) goFuncSymbol(name uint32, index []uint32) []byte {
	return goelf.AppendSymbol(nil, elf.Sym64{
		Name: name, Info: elf.ST_INFO(elf.STB_LOCAL, elf.STT_OBJECT), Other: byte(elf.STV_DEFAULT),
		Shndx: uint16(index[s.goFunc.Section]), Value: s.goFunc.Addr, Size: s.goFunc.Size,
	})
}

// symbolSections returns a symbol table that has go:func.* alone, to be section number first, and its string table.
func (s *stripper) symbolSections(index []uint32, first int) []section {
	names := append([]byte{0}, goFuncNames[0]...)
	names = append(names, 0)
	symbols := append(make([]byte, goelf.SymbolSize), s.goFuncSymbol(1, index)...)
	return []section{
		{
			header: elf.Section64{
				Type: uint32(elf.SHT_SYMTAB), Size: uint64(len(symbols)), Addralign: 8, Entsize: goelf.SymbolSize,
				Link: uint32(first + 1), Info: 2, // both symbols are local
			},
			name:   symtabName,
			source: source{data: symbols},
		},
		{
			header: elf.Section64{Type: uint32(elf.SHT_STRTAB), Size: uint64(len(names)), Addralign: 1},
			name:   strtabName,
			source: source{data: names},
		},
	}
}
