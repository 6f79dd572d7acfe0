package syscalls

// # Variables that hold a number
//
// Some numbers are in package variables that nothing writes, such as
// fcntl64Syscall of syscall and of golang.org/x/sys/unix, which only 32-bit machines change.
// Such a variable is as good as a constant. To be sure, its bounds must be known, so the
// program must have its symbol table; all code that names any part of the variable must do no
// more than read it; and no pointer into it may be in data.

import (
	"debug/elf"
	"encoding/binary"
)

// variable returns the 8 bytes at addr, if they belong to a variable that is never written, and
// the name of the variable, "" if it has none.
func (a *Analysis) variable(addr uint64) (n int64, name string, ok bool) {
	name, start, size := a.object(addr)
	if size < 8 || addr-start > size-8 {
		return 0, name, false
	}
	inside := func(at uint64) bool { return at-start < size }
	for _, names := range a.graph.writable {
		for _, r := range names {
			if inside(r.addr) && !r.load {
				return 0, name, false
			}
		}
	}
	f := a.program.File
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD {
			continue
		}
		data, err := f.SegmentData(p)
		if err != nil {
			return 0, name, false
		}
		for off := int(-p.Vaddr & 7); off+8 <= len(data); off += 8 {
			if inside(binary.LittleEndian.Uint64(data[off:])) {
				return 0, name, false
			}
		}
	}
	b, err := f.Bytes(addr, 8)
	if err != nil {
		return 0, name, false // zero at start: a number that nobody chose
	}
	return int64(binary.LittleEndian.Uint64(b)), name, true
}

// object returns name and bounds of the variable that addr is in, from the symbol table.
// The size is 0 when there is none.
func (a *Analysis) object(addr uint64) (name string, start, size uint64) {
	f := a.program.File
	for i := range f.Sections {
		if elf.SectionType(f.Sections[i].Type) != elf.SHT_SYMTAB {
			continue
		}
		t, err := f.SymbolTable(&f.Sections[i])
		if err != nil {
			return "", 0, 0
		}
		for j := range t.Len() {
			sym, err := t.At(j)
			if err != nil {
				return "", 0, 0
			}
			if elf.ST_TYPE(sym.Info) == elf.STT_OBJECT && addr-sym.Value < sym.Size {
				return sym.Str, sym.Value, sym.Size
			}
		}
	}
	return "", 0, 0
}

// hasSymbols reports whether the program has a symbol table.
func (a *Analysis) hasSymbols() bool {
	for i := range a.program.File.Sections {
		if elf.SectionType(a.program.File.Sections[i].Type) == elf.SHT_SYMTAB {
			return true
		}
	}
	return false
}
