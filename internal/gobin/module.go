package gobin

// # Module data
//
// The runtime finds all its tables through one structure, the module data (package goabi). Since
// Go 1.26 it has its own section, .go.module.
//
// In a position-independent executable these are relocated at start. cmd/link
// and golink write the link-time values in place as well; of other linkers they are
// in the table of relocations alone.
//
// A file without section names is searched for a word that points to the
// function table and is followed by a slice of the function names.

import (
	"bytes"
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// ModuleSize is how many bytes of the module data are read; there are more.
const ModuleSize = 320

// A Range is the addresses Start to End of a part of the program, End excluded.
type Range struct{ Start, End uint64 }

// Contains reports whether all of o is inside r.
func (r Range) Contains(o Range) bool { return r.Start <= o.Start && o.End <= r.End }

// A Slice is a Go slice in the program's data.
type Slice struct{ Addr, Len, Cap uint64 } // Len and Cap in elements

// A Module is the part of runtime.moduledata that ties the function table to the
// program. All addresses are those of link time. Nothing is checked yet.
type Module struct {
	Addr      uint64 // of the structure itself
	FuncTable uint64 // address, pcHeader
	FuncNames Slice  // of bytes
	FTab      Slice  // of 8-byte entries; one more than there are functions
	PC        Range  // minpc to maxpc
	Text      Range
	NoPtrData Range
	Data      Range
	BSS       Range
	NoPtrBSS  Range
	// Types are the type descriptors. TypesErr says why they cannot be told; Types is empty then.
	Types    Range
	TypesErr error
}

// ReadModule finds the module data that belongs to the function table t of f.
// The error is ErrNotGo when there is none and a *FormatError when it is cut off.
func ReadModule(f *goelf.File, t *FuncTable) (*Module, error) {
	b, addr, err := moduleBytes(f, t)
	if err != nil {
		return nil, err
	}
	word := func(off int) uint64 { return le.Uint64(b[off:]) }
	slice := func(off int) Slice { return Slice{word(off), word(off + 8), word(off + 16)} }
	span := func(off int) Range { return Range{word(off), word(off + 8)} }
	m := &Module{
		Addr:      addr,
		FuncTable: word(goabi.ModuleHeader),
		FuncNames: slice(goabi.ModuleFuncNames),
		FTab:      slice(goabi.ModuleFuncTab),
		PC:        span(goabi.ModuleMinPC),
		Text:      span(goabi.ModuleText),
		NoPtrData: span(goabi.ModuleNoPtrData),
		Data:      span(goabi.ModuleData),
		BSS:       span(goabi.ModuleBSS),
		NoPtrBSS:  span(goabi.ModuleNoPtrBSS),
	}
	l, err := layoutOf(f)
	if err != nil {
		m.TypesErr = err
		return m, nil
	}
	types := Range{word(goabi.ModuleTypes), word(l.TypesEnd)}
	switch _, err := f.Bytes(types.Start, types.End-types.Start); {
	case types.Start >= types.End:
		m.TypesErr = errorf(f, 0, "the module data says that the type descriptors are at %#x to %#x, want ascending addresses", types.Start, types.End)
	case err != nil:
		m.TypesErr = err
	default:
		m.Types = types
	}
	return m, nil
}

// layoutOf returns the layout of the module data of f, by the Go release in its build information. A series without a known layout
// is refused, since a guess would be read as fact.
func layoutOf(f *goelf.File) (*goabi.Module, error) {
	info, err := ReadBuildInfo(f)
	if err != nil {
		return nil, fmt.Errorf("the Go release, which determines the layout of the module data, cannot be read: %w", err)
	}
	series, _, err := reading(f, info.GoVersion)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return &series.Module, nil
}

// reading returns the series by which the tables of f, made by that Go release, are read.
func reading(f *goelf.File, release string) (s *goabi.Series, problem, err error) {
	u := goabi.Refuse
	if f.LaterGo {
		u = goabi.Warn
	}
	return goabi.Reading(release, u)
}

// LaterGo says of which Go release that nobody knows f is, if its tables are read by those of the newest known one; nil otherwise.
func LaterGo(f *goelf.File) error {
	info, err := ReadBuildInfo(f)
	if err != nil {
		return nil // whatever reads tables says so
	}
	_, problem, _ := reading(f, info.GoVersion)
	return problem
}

func moduleBytes(f *goelf.File, t *FuncTable) (b []byte, addr uint64, err error) {
	if s := f.Section(goabi.ModuleInfo); s != nil {
		if s.Size < ModuleSize {
			return nil, 0, errorf(f, s.Off, "the module data has %d bytes, want at least %d", s.Size, ModuleSize)
		}
		if b, err = f.Relocated(s.Addr, s.Size); err != nil {
			return nil, 0, err
		}
		return b, s.Addr, nil
	}
	want := le.AppendUint64(nil, t.Addr)
	for p, data := range segments(f, elf.PF_X, 0) {
		for i := 0; ; i++ {
			next := bytes.Index(data[i:], want)
			if next < 0 || len(data)-(i+next) < ModuleSize {
				break
			}
			i += next
			// The function names are inside the function table, right after its header.
			if names := le.Uint64(data[i+8:]); i%8 == 0 && names > t.Addr && names-t.Addr <= 1<<10 {
				return data[i:], p.Vaddr + uint64(i), nil
			}
		}
	}
	return nil, 0, notGo(f, "no Go module data")
}

// OtherModules returns the addresses, ascending, of what looks like module data besides m: a word that points to the magic number of a
// function table, followed by a slice of its function names.
func OtherModules(f *goelf.File, m *Module) ([]uint64, error) {
	var tables []uint64
	for p, data := range segments(f, elf.PF_X, 0) {
		for i := 0; ; i++ {
			next := bytes.Index(data[i:], []byte{0xf1, 0xff, 0xff, 0xff, 0, 0})
			if next < 0 || len(data)-(i+next) < goabi.PCHeaderSize {
				break
			}
			i += next
			if data[i+7] == 8 {
				tables = append(tables, p.Vaddr+uint64(i))
			}
			if len(tables) > maxFuncTables {
				return nil, errorf(f, p.Off+uint64(i), "more than %d places look like a function table", maxFuncTables)
			}
		}
	}
	var out []uint64
	for _, table := range tables {
		want := le.AppendUint64(nil, table)
		for p, data := range segments(f, elf.PF_X, 0) {
			for i := 0; len(out) < maxFuncTables; i++ {
				next := bytes.Index(data[i:], want)
				if next < 0 || len(data)-(i+next) < ModuleSize {
					break
				}
				i += next
				names, at := le.Uint64(data[i+8:]), p.Vaddr+uint64(i)
				if i%8 == 0 && at != m.Addr && names > table && names-table <= 1<<10 && le.Uint64(data[i+16:]) == le.Uint64(data[i+24:]) {
					out = append(out, at)
				}
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

// maxFuncTables bounds the places that OtherModules looks for. A program that embeds Go programs has one for each.
const maxFuncTables = 64
