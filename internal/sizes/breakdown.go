package sizes

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// # Breakdown
//
// Every byte of the file belongs to exactly one item. Claims on ranges of the file are laid over each other, and the one that begins
// last wins: a section, in it a region such as the type descriptors, in that a function or variable. What no section covers is
// headers or padding. The section .gopclntab is shared out by what the runtime reads each byte for (pcln.Table.Usage), because
// its tables share bytes with each other.

// Types of data, Item.Type.
const (
	TypeCode      = "code"
	TypeTables    = "runtime tables"   // .gopclntab
	TypeTypes     = "type descriptors" // with interface tables and pointer masks
	TypeStrings   = "strings"
	TypeConstants = "constants" // other read-only data
	TypeData      = "variables"
	TypeDynamic   = "relocations" // and what else a static PIE needs to relocate itself
	TypeDebug     = "debug information"
	TypeSymbols   = "symbols"
	TypeNotes     = "notes and build information"
	TypePacked    = "packed program"
	TypeHeaders   = "headers"
	TypePadding   = "padding"
	TypeOther     = "other"
)

// Standard is the module name of packages of the standard library.
const Standard = "std"

// An Item is a function, a variable, a part of the runtime's tables, or what else has bytes.
type Item struct {
	Name    string `json:"name"`    // without the package; "" for a section as such
	Section string `json:"section"` // "" for none
	Type    string `json:"type"`
	Bytes   uint64 `json:"bytes"`
}

// A Package is what the items of one package have together.
type Package struct {
	Name  string `json:"name"` // import path, "main" for the program's own; "" for what is of no package
	Bytes uint64 `json:"bytes"`
	Items []Item `json:"items"` // by descending size
}

// A Module is what the packages of one module have together.
type Module struct {
	Name     string    `json:"name"`              // module path, Standard, or "" for what is of no package or an unknown module
	Version  string    `json:"version,omitempty"` // as build information has it
	Bytes    uint64    `json:"bytes"`
	Packages []Package `json:"packages"` // by descending size
}

// A Breakdown says what each byte of one file is for. The bytes of all modules, of all sections, and of all types are Size each.
type Breakdown struct {
	Name     string            `json:"name"` // such as linux_amd64
	GOARCH   string            `json:"goarch"`
	Go       string            `json:"go"` // release; "" for a file without build information
	Size     uint64            `json:"size"`
	Sections map[string]uint64 `json:"sections"` // Headers for bytes of none
	Types    map[string]uint64 `json:"types"`
	Tables   map[string]uint64 `json:"tables"` // what .gopclntab is for; empty where it cannot be told
	Modules  []Module          `json:"modules"`
}

// A claim is an item's wish for the bytes from start up to end of the file.
type claim struct {
	start, end uint64
	level      int // of claims with one start the highest wins
	pkg        string
	item       Item // without Bytes
}

// Levels of claims.
const (
	levelHeader = iota
	levelSection
	levelRegion
	levelSymbol
)

// Break returns the breakdown of f. Names of functions and variables are read from named as well, the same program before
// they were taken out, which may be f itself. It fails as Of does.
func Break(name string, f, named *goelf.File) (*Breakdown, error) {
	if _, err := Of(f, named, FunctionsOfNone); err != nil {
		return nil, err
	}
	b := &breaker{f: f, named: named, modules: readModules(named), items: map[string]map[Item]uint64{}}
	if err := b.claimAll(); err != nil {
		return nil, err
	}
	sweep(b.claims, uint64(len(f.Data)), func(c *claim, at, n uint64) { b.add(c, n) })
	if pack.IsPacked(f) {
		if err := b.packed(); err != nil {
			return nil, err
		}
	}
	if err := b.tables(); err != nil {
		return nil, err
	}
	return b.result(name)
}

// A breaker collects the items of one file.
type breaker struct {
	f, named *goelf.File
	modules  *modules
	claims   []claim
	items    map[string]map[Item]uint64 // by package and item without Bytes: its bytes
	pclntab  uint64                     // bytes of .gopclntab, which are shared out later
	shared   map[string]uint64
}

func (b *breaker) claimAll() error {
	for _, step := range []func() error{b.headers, b.sections, b.regions, b.symbols, b.functions} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (b *breaker) claim(level int, start, size uint64, pkg string, item Item) {
	if size > 0 {
		b.claims = append(b.claims, claim{start, start + size, level, pkg, item})
	}
}

func (b *breaker) add(c *claim, n uint64) {
	if c.item.Type == TypeTables && c.item.Name == "" {
		b.pclntab += n
	}
	b.put(c.pkg, c.item, n)
}

func (b *breaker) put(pkg string, item Item, n uint64) {
	if n == 0 {
		return
	}
	if b.items[pkg] == nil {
		b.items[pkg] = map[Item]uint64{}
	}
	b.items[pkg][item] += n
}

// headers claims what the ELF header describes besides sections, and all of the file as padding.
func (b *breaker) headers() error {
	h := &b.f.Header
	b.claim(levelHeader-1, 0, uint64(len(b.f.Data)), "", Item{Type: TypePadding})
	for _, x := range []struct {
		name      string
		off, size uint64
	}{
		{"ELF header", 0, uint64(h.Ehsize)},
		{"program headers", h.Phoff, uint64(len(b.f.Progs)) * uint64(h.Phentsize)},
		{"section headers", h.Shoff, uint64(len(b.f.Sections)) * uint64(h.Shentsize)},
	} {
		b.claim(levelHeader, x.off, x.size, "", Item{Name: x.name, Type: TypeHeaders})
	}
	return nil
}

func (b *breaker) sections() error {
	for i := range b.f.Sections {
		s := &b.f.Sections[i]
		if t := elf.SectionType(s.Type); t != elf.SHT_NULL && t != elf.SHT_NOBITS {
			b.claim(levelSection, s.Off, s.Size, "", Item{Section: sectionName(s), Type: typeOf(s)})
		}
	}
	return nil
}

// sectionName returns a printable name that stays valid when the file is closed.
func sectionName(s *goelf.Section) string { return strings.Clone(gobin.OneLine(s.Str)) }

func typeOf(s *goelf.Section) string {
	switch name := strings.TrimPrefix(s.Str, ".data.rel.ro"); {
	case name == goabi.PCLnTab:
		return TypeTables
	case slices.Contains([]string{".typelink", ".itablink", ".go.type"}, name):
		return TypeTypes
	case s.Str == goabi.BuildInfo || elf.SectionType(s.Type) == elf.SHT_NOTE:
		return TypeNotes
	case strings.HasPrefix(s.Str, ".debug_"):
		return TypeDebug
	case slices.Contains([]string{".symtab", ".strtab", ".shstrtab", ".gosymtab"}, s.Str):
		return TypeSymbols
	case slices.Contains([]string{".dynamic", ".dynsym", ".dynstr", ".hash", ".gnu.hash"}, s.Str) || strings.HasPrefix(s.Str, ".rel"):
		return TypeDynamic
	case s.Flags&uint64(elf.SHF_EXECINSTR) != 0:
		return TypeCode
	case s.Flags&uint64(elf.SHF_ALLOC) == 0:
		return TypeOther
	case s.Flags&uint64(elf.SHF_WRITE) != 0 && !strings.HasPrefix(s.Str, ".data.rel.ro"):
		return TypeData
	}
	return TypeConstants
}

// sectionAt returns the section of f that holds the n bytes at addr in the file, nil for none.
func sectionAt(f *goelf.File, addr, n uint64) *goelf.Section {
	for i := range f.Sections {
		s := &f.Sections[i]
		loaded := s.Flags&uint64(elf.SHF_ALLOC) != 0 && elf.SectionType(s.Type) != elf.SHT_NOBITS
		if loaded && addr >= s.Addr && addr-s.Addr < s.Size && n <= s.Size-(addr-s.Addr) {
			return s
		}
	}
	return nil
}

// loaded claims n bytes at an address.
func (b *breaker) loaded(level int, addr, n uint64, pkg, name, typ string) {
	if s := sectionAt(b.f, addr, n); s != nil && typeOf(s) != TypeTables {
		b.claim(level, s.Off+addr-s.Addr, n, pkg, Item{Name: name, Section: sectionName(s), Type: cmp.Or(typ, typeOf(s))})
	}
}

// regions claims what the module data describes.
func (b *breaker) regions() error {
	table, err := gobin.ReadFuncTable(b.f)
	if err != nil {
		return nil // Of has read it, or it is not Go's
	}
	if m, err := gobin.ReadModule(b.f, table); err == nil && m.TypesErr == nil {
		b.loaded(levelRegion, m.Types.Start, m.Types.End-m.Types.Start, "", "", TypeTypes)
	}
	return nil
}

// symbols claims variables and constants by the symbol tables. One of named counts where it has the same section at the same place.
func (b *breaker) symbols() error {
	_, err := gobin.ReadFuncTable(b.named)
	functions := err == nil // code is claimed by the function table
	for i := range b.named.Sections {
		s := &b.named.Sections[i]
		if elf.SectionType(s.Type) != elf.SHT_SYMTAB {
			continue
		}
		list, err := b.named.Symbols(s)
		if err != nil {
			return err
		}
		slices.SortStableFunc(list, func(x, y goelf.Symbol) int { return cmp.Compare(x.Value, y.Value) })
		for j, sym := range list {
			if int(sym.Shndx) >= len(b.named.Sections) {
				continue
			}
			level, home := levelSymbol, &b.named.Sections[sym.Shndx]
			typ, isMark := marks[sym.Str]
			if sym.Size == 0 && isMark {
				level = levelRegion
				sym.Size = endOfMark(list[j+1:], sym.Value, home) - sym.Value
			}
			here := sectionAt(b.f, sym.Value, sym.Size)
			if here == nil || here.Str != home.Str || here.Addr != home.Addr || typeOf(here) == TypeCode && functions {
				continue
			}
			if level == levelRegion {
				b.loaded(level, sym.Value, sym.Size, "", "", typ)
				continue
			}
			pkg, name, typ := owner(strings.Clone(sym.Str))
			b.loaded(level, sym.Value, sym.Size, pkg, name, typ)
		}
	}
	return nil
}

// marks are symbols without a size, which mark where the linker has put what has no symbols of its own: up to the next symbol.
var marks = map[string]string{"go:string.*": TypeStrings, "runtime.gcbits.*": TypeTypes, "type:*": TypeTypes}

// endOfMark returns the address of the first of the symbols after addr, which are sorted, or of the end of the section.
func endOfMark(symbols []goelf.Symbol, addr uint64, s *goelf.Section) uint64 {
	end := s.Addr + s.Size
	for _, next := range symbols {
		if next.Value > addr && next.Value < end {
			return next.Value
		}
	}
	return max(end, addr)
}

// functions claims machine code by the function table.
func (b *breaker) functions() error {
	table, err := gobin.ReadFuncTable(b.named)
	if errors.Is(err, gobin.ErrNotGo) {
		return nil
	}
	if err != nil {
		return err
	}
	// A packed program has a copy of none of them.
	if own, err := gobin.ReadFuncTable(b.f); err != nil || !sameFunctions(own, table) {
		return nil
	}
	m, err := gobin.ReadModule(b.named, table)
	if err != nil {
		return err
	}
	units := unitsOf(table)
	for i := range table.Len() {
		fn := table.At(i)
		pkg, name, _ := units.owner(i, fn.Name)
		b.loaded(levelSymbol, m.Text.Start+fn.Entry, fn.End-fn.Entry, pkg, name, "")
	}
	return nil
}

// sameFunctions reports whether two tables have functions at the same places.
func sameFunctions(a, b *gobin.FuncTable) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		x, y := a.At(i), b.At(i)
		if x.Entry != y.Entry || x.End != y.End {
			return false
		}
	}
	return true
}

// tables shares .gopclntab out. A release of Go with other tables leaves it in one piece.
func (b *breaker) tables() error {
	t, err := pcln.Read(b.f, goabi.Refuse)
	if err != nil {
		return nil
	}
	usage, err := t.Usage()
	if err != nil {
		return nil
	}
	own, err := gobin.ReadFuncTable(b.f)
	if err != nil {
		return err
	}
	names, err := gobin.ReadFuncTable(b.named)
	if err != nil || !sameFunctions(own, names) {
		return nil
	}
	units := unitsOf(names)
	section := sectionName(&t.Section)
	whole := Item{Section: section, Type: TypeTables}
	b.shared = map[string]uint64{}
	for _, u := range usage {
		pkg := ""
		if u.Func >= 0 {
			pkg, _, _ = units.owner(u.Func, names.At(u.Func).Name)
		}
		b.put(pkg, Item{Name: u.Part, Section: section, Type: TypeTables}, uint64(u.Bytes))
		b.shared[u.Part] += uint64(u.Bytes)
		b.pclntab -= uint64(u.Bytes)
	}
	if b.pclntab != 0 {
		return fmt.Errorf("%s: section %s: its parts have %d bytes less than the section: want none", b.f.Name, section, int64(b.pclntab))
	}
	delete(b.items[""], whole)
	return nil
}

// sweep calls add for each run of n bytes at an offset of a file of that size, with the claim that gets it.
func sweep(claims []claim, size uint64, add func(c *claim, at, n uint64)) {
	slices.SortStableFunc(claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.level, b.level), cmp.Compare(b.end, a.end))
	})
	var open []*claim // the last that has not ended gets the bytes
	at := uint64(0)
	advance := func(to uint64) {
		for at < to {
			top := open[len(open)-1]
			if top.end <= at {
				open = open[:len(open)-1]
				continue
			}
			n := min(to, top.end) - at
			add(top, at, n)
			at += n
		}
	}
	for i := range claims {
		c := &claims[i]
		if c.start >= size {
			break
		}
		advance(c.start)
		open = append(open, c)
	}
	advance(size)
}

// result puts the items together.
func (b *breaker) result(name string) (*Breakdown, error) {
	out := &Breakdown{
		Name: name, GOARCH: b.f.GOARCH(), Go: b.modules.release, Size: uint64(len(b.f.Data)),
		Sections: map[string]uint64{}, Types: map[string]uint64{}, Tables: map[string]uint64{},
	}
	maps.Copy(out.Tables, b.shared)
	byModule := map[string]*Module{}
	for pkg, items := range b.items {
		p := Package{Name: pkg}
		for item, n := range items {
			p.Bytes += n
			out.Sections[cmp.Or(item.Section, Headers)] += n
			out.Types[item.Type] += n
			item.Bytes = n
			p.Items = append(p.Items, item)
		}
		slices.SortFunc(p.Items, func(x, y Item) int {
			return cmp.Or(cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Section, y.Section), cmp.Compare(x.Type, y.Type))
		})
		path, version := b.modules.of(pkg)
		if byModule[path] == nil {
			byModule[path] = &Module{Name: path, Version: version}
		}
		m := byModule[path]
		m.Bytes += p.Bytes
		m.Packages = append(m.Packages, p)
	}
	for _, m := range byModule {
		slices.SortFunc(m.Packages, func(x, y Package) int { return cmp.Or(cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(x.Name, y.Name)) })
		out.Modules = append(out.Modules, *m)
	}
	slices.SortFunc(out.Modules, func(x, y Module) int { return cmp.Or(cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(x.Name, y.Name)) })
	sum := uint64(0)
	for _, m := range out.Modules {
		sum += m.Bytes
	}
	if sum != out.Size {
		return nil, fmt.Errorf("%s: the parts have %d bytes, the file %d: want the same", b.f.Name, sum, out.Size)
	}
	return out, nil
}
