package strip

import (
	"debug/elf"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/suffixtab"
)

// goFuncNames are the names of the symbol at the start of the funcdata of Go
// functions, that since Go 1.20 and that before. golang.org/x/vuln looks it up.
var goFuncNames = []string{"go:func.*", "go.func.*"}

// chooseSymbols decides which symbols are kept, and drops the symbol table when
// it would be empty. It goes over the raw entries: a large program has hundreds
// of thousands, of which often one is kept.
func (s *stripper) chooseSymbols() error {
	if s.symtab == 0 {
		return nil
	}
	table, err := s.f.SymbolTable(&s.f.Sections[s.symtab])
	if err != nil {
		return err
	}
	for i := range table.Len() {
		sym, err := table.At(i)
		if err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		if s.keepSymbol(&sym) {
			s.symbols = append(s.symbols, i)
		} else {
			s.removed++
		}
	}
	if len(s.symbols) == 0 {
		s.keep[s.symtab] = false
		if s.strtab != s.f.Shstrndx {
			s.keep[s.strtab] = false
		}
		s.removed++
	}
	return nil
}

// keepSymbol decides as the function filter_symbols of GNU strip does for an
// executable, go:func.* apart.
func (s *stripper) keepSymbol(sym *goelf.Symbol) bool {
	o := s.o
	if x := elf.SectionIndex(sym.Shndx); x != elf.SHN_UNDEF && x < elf.SHN_LORESERVE && !s.keep[x] {
		return false // its section goes
	}
	if o.OnlyKeepDebug || o.KeepSymbols.Match(sym.Str) {
		return true
	}
	switch t := elf.ST_TYPE(sym.Info); {
	case t == elf.STT_FILE && o.KeepFileSymbols, t == elf.STT_SECTION && o.KeepSectionSymbols:
		return true
	}
	if o.StripSymbols.Match(sym.Str) {
		return false
	}
	if !o.DropGoFunc && (sym.Str == goFuncNames[0] || sym.Str == goFuncNames[1]) {
		return true
	}
	if o.Mode == All || o.Mode == Unneeded {
		return false
	}
	if elf.ST_BIND(sym.Info) != elf.STB_LOCAL || elf.SectionIndex(sym.Shndx) == elf.SHN_UNDEF {
		return true
	}
	if t := elf.ST_TYPE(sym.Info); t == elf.STT_FILE || t == elf.STT_SECTION {
		return o.Mode != Debug
	}
	switch o.Discard {
	case DiscardLocals:
		return false
	case DiscardLabels:
		return !strings.HasPrefix(sym.Str, ".L") && !strings.HasPrefix(sym.Str, "..")
	}
	return true
}

// addNames adds the names of the symbols that are kept to names and returns
// their ids in the same order.
func (s *stripper) addNames(table *goelf.SymbolTable, names *suffixtab.Table) ([]int, error) {
	ids := make([]int, len(s.symbols))
	for n, i := range s.symbols {
		sym, err := table.At(i)
		if err != nil {
			return nil, err
		}
		ids[n] = names.Add(sym.Str)
	}
	return ids, nil
}

// encodeSymbols returns the new symbol table, and how many of its entries from
// the start are local, which sh_info has to say (gABI 4, "Symbol Table").
func (s *stripper) encodeSymbols(table *goelf.SymbolTable, index []uint32, names *suffixtab.Table, ids []int) (raw []byte, locals uint32,
	err error) {
	raw = make([]byte, goelf.SymbolSize, goelf.SymbolSize*(len(s.symbols)+1))
	locals = 1
	for n, i := range s.symbols {
		sym, err := table.At(i)
		if err != nil {
			return nil, 0, err
		}
		if x := elf.SectionIndex(sym.Shndx); x < elf.SHN_LORESERVE {
			sym.Shndx = uint16(index[x])
		}
		if uint32(i) < s.f.Sections[s.symtab].Info {
			locals++
		}
		sym.Name = names.Offset(ids[n])
		raw = goelf.AppendSymbol(raw, sym.Sym64)
	}
	return raw, locals, nil
}
