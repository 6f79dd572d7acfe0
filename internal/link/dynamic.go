package link

import (
	"debug/elf"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// makeDynamic returns the sections for dynamic linking that a static PIE has. The
// program itself uses .relr.dyn only. The others are there for readers of
// PT_DYNAMIC (gdb, file, tracers) and so that a dynamic loader that is told to
// start the program gets as far as the entry stub, which then says what is wrong:
// glibc's dereferences DT_SYMTAB, DT_STRTAB and the hash table unasked.
func makeDynamic() (dynsym, dynstr, hash, relr, dynamic *section) {
	dynstr = &section{name: ".dynstr", typ: elf.SHT_STRTAB, flags: elf.SHF_ALLOC, align: 1, size: 1}
	dynsym = &section{name: ".dynsym", typ: elf.SHT_DYNSYM, flags: elf.SHF_ALLOC, align: 8, size: goelf.SymbolSize, entsize: goelf.SymbolSize,
		link: dynstr, info: 1}
	hash = &section{name: ".hash", typ: elf.SHT_HASH, flags: elf.SHF_ALLOC, align: 8, size: uint64(4 * len(emptyHash)), entsize: 4, link: dynsym}
	relr = &section{name: ".relr.dyn", typ: goelf.SHT_RELR, flags: elf.SHF_ALLOC, align: 8, entsize: 8}
	dynamic = &section{name: ".dynamic", typ: elf.SHT_DYNAMIC, flags: dynamicFlags, align: 8, size: dynamicLen * goelf.DynSize,
		entsize: goelf.DynSize, link: dynstr}
	return dynsym, dynstr, hash, relr, dynamic
}

// emptyHash is a hash table of no symbols: one bucket, one chain entry for the
// null symbol.
var emptyHash = [...]uint32{1, 1, 0, 0}

const (
	dynamicLen   = 11
	dtDebugIndex = 9 // of the entry that a dynamic loader fills in
)

// dynamicEntries returns the contents of .dynamic.
func (l *linker) dynamicEntries() [dynamicLen]elf.Dyn64 {
	addr := func(name string) uint64 { return l.section(name).addr }
	return [dynamicLen]elf.Dyn64{
		{Tag: int64(elf.DT_HASH), Val: addr(".hash")},
		{Tag: int64(elf.DT_STRTAB), Val: addr(".dynstr")},
		{Tag: int64(elf.DT_SYMTAB), Val: addr(".dynsym")},
		{Tag: int64(elf.DT_STRSZ), Val: l.section(".dynstr").size},
		{Tag: int64(elf.DT_SYMENT), Val: goelf.SymbolSize},
		{Tag: int64(goelf.DT_RELR), Val: addr(".relr.dyn")},
		{Tag: int64(goelf.DT_RELRSZ), Val: l.section(".relr.dyn").size},
		{Tag: int64(goelf.DT_RELRENT), Val: 8},
		{Tag: int64(elf.DT_FLAGS_1), Val: uint64(elf.DF_1_NOW | elf.DF_1_PIE)},
		{Tag: int64(elf.DT_DEBUG)},
		{Tag: int64(elf.DT_NULL)},
	}
}

// fillDynamic writes the sections of makeDynamic.
func (l *linker) fillDynamic() error {
	for name, v := range map[string]any{".hash": emptyHash, ".relr.dyn": l.relr, ".dynamic": l.dynamicEntries()} {
		if err := l.out.WriteAt(goelf.Encode(v), int64(l.section(name).off)); err != nil {
			return err
		}
	}
	return nil
}
