package disasm

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"sort"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// A Program is the code of an executable, function by function.
type Program struct {
	File *goelf.File
	Arch *Arch
	// Funcs ascend by address and do not overlap. Together with Others they are all bytes
	// that the kernel maps executable, but padding.
	Funcs []Func
	// Others ascend by address: what is executable, but said to be no code.
	Others []Other
	// Table and Module are Go's own tables; nil when the program has no function table.
	Table  *gobin.FuncTable
	Module *gobin.Module
}

// A Func is a function, or code that no table names.
type Func struct {
	// Name is the link name; "" where no table has one. A function table
	// whose names were taken out gives whatever it has in their place.
	Name string
	Addr uint64
	Code []byte // with padding up to the next function
	Go   bool   // from Go's function table
}

// Other is bytes that are mapped executable, but that headers give for something else than code. Functions
// of Go's function table are never among them.
type Other struct {
	// What they are: "headers", "notes", "the rest of a page", or "section " and a name.
	What string
	Addr uint64
	Code []byte // of headers only what elf.FreeHeaderBytes leaves
}

// End returns the address after the last byte.
func (f *Func) End() uint64 { return f.Addr + uint64(len(f.Code)) }

// Open finds the functions of f. It fails when Go's function table is there but
// damaged; a program without one is cut at the functions of its symbol table.
func Open(f *goelf.File) (*Program, error) {
	p := &Program{File: f, Arch: Arches[f.GOARCH()]}
	names, err := p.goFuncs()
	if errors.Is(err, gobin.ErrNotGo) {
		names, err = symbolFuncs(f)
	}
	if err != nil {
		return nil, err
	}
	names = addEntry(names, f.Header.Entry)
	var goText []span
	if p.Table != nil {
		start, end := p.Table.Span()
		goText = append(goText, span{start: p.Module.Text.Start + start, end: p.Module.Text.Start + end})
	}
	code, others := executable(f, goText)
	p.Others = others
	for _, r := range code {
		p.cut(r, &names)
	}
	return p, nil
}

// goFuncs returns the functions of Go's function table, without code.
func (p *Program) goFuncs() ([]Func, error) {
	t, err := gobin.ReadFuncTable(p.File)
	if err != nil {
		return nil, err
	}
	m, err := gobin.ReadModule(p.File, t)
	if err != nil {
		return nil, fmt.Errorf("%s: the function table has no module data that says where the text begins: %w", p.File.Name, errors.Unwrap(err))
	}
	p.Table, p.Module = t, m
	out := make([]Func, 0, t.Len()+1)
	for i := range t.Len() {
		if fn := t.At(i); fn.Entry < fn.End {
			out = append(out, Func{Name: fn.Name, Addr: m.Text.Start + fn.Entry, Go: true})
		}
	}
	// What follows the last function is none of Go's. The table may end between instructions.
	_, end := t.Span()
	size := p.Arch.CodeAlign
	return append(out, Func{Addr: (m.Text.Start + end + size - 1) / size * size}), nil
}

// addEntry makes the address where the program starts a function of its own, where no table
// knows it: what is before it may be padding that decodes into instructions across it.
func addEntry(names []Func, entry uint64) []Func {
	i := sort.Search(len(names), func(i int) bool { return names[i].Addr > entry })
	if i > 0 && (names[i-1].Addr == entry || names[i-1].Go) {
		return names
	}
	return slices.Insert(names, i, Func{Name: "_start", Addr: entry})
}

// symbolFuncs returns the functions of the symbol table, without code.
func symbolFuncs(f *goelf.File) ([]Func, error) {
	var out []Func
	for i := range f.Sections {
		if elf.SectionType(f.Sections[i].Type) != elf.SHT_SYMTAB {
			continue
		}
		t, err := f.SymbolTable(&f.Sections[i])
		if err != nil {
			return nil, err
		}
		for j := range t.Len() {
			sym, err := t.At(j)
			if err != nil {
				return nil, err
			}
			if elf.ST_TYPE(sym.Info) == elf.STT_FUNC && elf.SectionIndex(sym.Shndx) != elf.SHN_UNDEF {
				out = append(out, Func{Name: sym.Str, Addr: sym.Value})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Func) int { return cmp.Compare(a.Addr, b.Addr) })
	return slices.CompactFunc(out, func(a, b Func) bool { return a.Addr == b.Addr }), nil
}

// cut appends to p.Funcs the code of r, cut where the functions in names begin,
// and takes those off names.
func (p *Program) cut(r codeRange, names *[]Func) {
	end := r.addr + uint64(len(r.code))
	current := Func{Addr: r.addr}
	add := func(to uint64) {
		if current.Addr < to {
			current.Code = r.code[current.Addr-r.addr : to-r.addr]
			if current.Name != "" || current.Go || slices.ContainsFunc(current.Code, IsCode) {
				p.Funcs = append(p.Funcs, current)
			}
		}
	}
	for len(*names) > 0 && (*names)[0].Addr < end {
		next := (*names)[0]
		*names = (*names)[1:]
		if next.Addr < r.addr {
			continue
		}
		add(next.Addr)
		current = next
	}
	add(end)
}

// IsCode reports whether the byte c is no padding: linkers pad with zeros, amd64 code also with INT3 and NOP.
func IsCode(c byte) bool { return c != 0 && c != 0xcc && c != 0x90 }

// Find returns the function that addr is in, nil when there is none.
func (p *Program) Find(addr uint64) *Func {
	i := sort.Search(len(p.Funcs), func(i int) bool { return p.Funcs[i].Addr > addr }) - 1
	if i < 0 || addr >= p.Funcs[i].End() {
		return nil
	}
	return &p.Funcs[i]
}
