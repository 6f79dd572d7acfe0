package gobin

// # Tables for types and start
//
// Further members of the module data are at places that depend on the release (goabi.Module).
// A text section is 24 bytes (runtime.textsect): offset, end, address; a type link an int32, the offset from types.
//
// An itab (internal/abi/iface.go, ITab) is the address of an interface type, the
// address of a type, 8 bytes, and the addresses of the methods.

import (
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// Links are the rest of the module data: where the runtime finds types, itabs and what to
// initialise. Nothing is checked yet. A member that the release lacks is zero.
type Links struct {
	FindFuncTab uint64 // address
	Types       Range
	ROData      uint64 // address
	GoFunc      uint64 // address
	PCLnTabEnd  uint64 // address
	TextSects   Slice  // of 24 bytes
	TypeLinks   Slice  // of int32
	ItabLinks   Slice  // of addresses
	Itabs       Range  // itabs one after the other
	InitTasks   Slice  // of addresses
}

// ReadLinks returns the tables of the module data that belongs to the function table t of
// f. The error is that of ReadModule, or says that the module data is cut off or of a release with
// an unknown layout.
func ReadLinks(f *goelf.File, t *FuncTable) (*Links, error) {
	l, err := layoutOf(f)
	if err != nil {
		return nil, err
	}
	b, addr, err := moduleBytes(f, t)
	if err != nil {
		return nil, err
	}
	if want := max(l.Size, uint64(max(l.TextSects, l.TypeLinks, l.ItabLinks, l.InitTasks)+24)); uint64(len(b)) < want {
		return nil, errorf(f, 0, "the module data at %#x has %d bytes, want %d", addr, len(b), want)
	}
	word := func(off int) uint64 {
		if off == 0 {
			return 0
		}
		return le.Uint64(b[off:])
	}
	slice := func(off int) Slice {
		if off == 0 {
			return Slice{}
		}
		return Slice{word(off), word(off + 8), word(off + 16)}
	}
	out := &Links{
		FindFuncTab: word(goabi.ModuleFindFuncTab),
		Types:       Range{word(goabi.ModuleTypes), word(l.TypesEnd)},
		ROData:      word(l.ROData),
		GoFunc:      word(l.GoFunc),
		PCLnTabEnd:  word(l.PCLnTabEnd),
		TextSects:   slice(l.TextSects),
		TypeLinks:   slice(l.TypeLinks),
		ItabLinks:   slice(l.ItabLinks),
		InitTasks:   slice(l.InitTasks),
	}
	if l.ItabOffset != 0 {
		start := out.Types.Start + word(l.ItabOffset)
		out.Itabs = Range{start, start + word(l.ItabOffset+8)}
	}
	return out, nil
}
