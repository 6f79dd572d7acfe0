package gobin

// # Tables for types and start
//
// Behind what module.go reads, the module data of Go 1.26 goes on (runtime/symtab.go,
// moduledata):
//
//	offset 152  findfunctab
//	offset 296  types, etypes          type descriptors
//	offset 312  rodata
//	offset 320  gofunc                 go:func.*, what _func records point to
//	offset 328  epclntab
//	offset 336  textsectmap, a slice of 24 bytes: offset, end, address of a text section
//	offset 360  typelinks, a slice of int32: offsets from types
//	offset 384  itablinks, a slice of addresses of itabs
//	offset 472  inittasks, a slice of addresses
//	offset 592  the end
//
// An itab (internal/abi/iface.go, ITab) is the address of an interface type, the
// address of a type, 8 bytes, and the addresses of the methods.

import goelf "github.com/go3s/rules_go3s/internal/elf"

// linksSize is the size in bytes of the module data of Go 1.26.
const linksSize = 592

// Links are the rest of the module data of Go 1.26: where the runtime finds types,
// itabs and what to initialise. Nothing is checked yet.
type Links struct {
	FindFuncTab uint64 // address
	Types       Range
	ROData      uint64 // address
	GoFunc      uint64 // address
	PCLnTabEnd  uint64 // address
	TextSects   Slice  // of 24 bytes
	TypeLinks   Slice  // of int32
	ItabLinks   Slice  // of addresses
	InitTasks   Slice  // of addresses
}

// ReadLinks returns the tables of the module data that belongs to the function table t of
// f, which Go 1.26 has made. The error is that of ReadModule, or says that the module
// data is cut off.
func ReadLinks(f *goelf.File, t *FuncTable) (*Links, error) {
	b, addr, err := moduleBytes(f, t)
	if err != nil {
		return nil, err
	}
	if len(b) < linksSize {
		return nil, errorf(f, 0, "the module data at %#x has %d bytes, want %d", addr, len(b), linksSize)
	}
	word := func(off int) uint64 { return le.Uint64(b[off:]) }
	slice := func(off int) Slice { return Slice{word(off), word(off + 8), word(off + 16)} }
	return &Links{
		FindFuncTab: word(152),
		Types:       Range{word(296), word(304)},
		ROData:      word(312),
		GoFunc:      word(320),
		PCLnTabEnd:  word(328),
		TextSects:   slice(336),
		TypeLinks:   slice(360),
		ItabLinks:   slice(384),
		InitTasks:   slice(472),
	}, nil
}
