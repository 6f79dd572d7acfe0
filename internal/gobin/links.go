package gobin

// # Tables for types and start
//
// After what module.go reads, the module data has tables at places that depend on the release (layout.go).
// Here is what they are (runtime/symtab.go, moduledata):
//
//	findfunctab            at 152 in all releases
//	types, etypes          type descriptors
//	rodata
//	gofunc                 go:func.*, what _func records point to
//	epclntab               since Go 1.26
//	textsectmap            a slice of 24 bytes: offset, end, address of a text section
//	typelinks              a slice of int32: offsets from types; until Go 1.26
//	itablinks              a slice of addresses of itabs; until Go 1.26
//	itaboffset, itabsize   from types to the itabs, and the bytes of all; since Go 1.27
//	inittasks              a slice of addresses; its place is known since Go 1.26
//
// An itab (internal/abi/iface.go, ITab) is the address of an interface type, the
// address of a type, 8 bytes, and the addresses of the methods.

import goelf "github.com/go3s/rules_go3s/internal/elf"

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
	if want := max(l.size, uint64(max(l.textSects, l.typeLinks, l.itabLinks, l.initTasks)+24)); uint64(len(b)) < want {
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
		FindFuncTab: word(moduleFindFuncTab),
		Types:       Range{word(moduleTypes), word(l.typesEnd)},
		ROData:      word(l.roData),
		GoFunc:      word(l.goFunc),
		PCLnTabEnd:  word(l.pclnEnd),
		TextSects:   slice(l.textSects),
		TypeLinks:   slice(l.typeLinks),
		ItabLinks:   slice(l.itabLinks),
		InitTasks:   slice(l.initTasks),
	}
	if l.itabOffset != 0 {
		start := out.Types.Start + word(l.itabOffset)
		out.Itabs = Range{start, start + word(l.itabOffset+8)}
	}
	return out, nil
}
