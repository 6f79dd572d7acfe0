package gobin

import (
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// A GoFunc is the data of functions that are no code: inline trees, stack maps and the like. The
// linker's symbol for it is go:func.*.
type GoFunc struct {
	Addr, Size uint64
	Section    int // index of the section that holds it
}

// ReadGoFunc finds the function data of a Go program by its module data. The error is ErrNotGo when there is no module data, and a
// *FormatError when what it says contradicts the sections.
func ReadGoFunc(f *goelf.File) (*GoFunc, error) {
	table, err := ReadFuncTable(f)
	if err != nil {
		return nil, err
	}
	module, err := ReadModule(f, table)
	if err != nil {
		return nil, err
	}
	l, err := layoutOf(f)
	if err != nil {
		return nil, err
	}
	b, err := f.Bytes(module.Addr, uint64(l.GoFunc)+8)
	if err != nil {
		return nil, err
	}
	g := &GoFunc{Addr: le.Uint64(b[l.GoFunc:]), Section: -1}
	// findfunctab follows directly.
	end := le.Uint64(b[goabi.ModuleFindFuncTab:])
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Addr <= table.Addr && table.Addr-s.Addr < s.Size && g.Addr > table.Addr && g.Addr < end &&
			end-s.Addr <= s.Size {
			g.Size, g.Section = end-g.Addr, i
			return g, nil
		}
	}
	return nil, errorf(f, 0, "the module data has function data at %#x to %#x, not in one section with the function table at %#x", g.Addr, end, table.Addr)
}
