package elf

import (
	"bytes"
	"debug/elf"
)

// A Relocation is one dynamic relocation: what is added to the load address, or to a symbol, and where the sum goes.
type Relocation struct {
	Site     uint64 // address of the word that is relocated
	Relative bool   // only the load address is added; false for all others, those of symbols and of functions that choose a function
	Addend   uint64
	Entry    uint64 // address of the Elf64_Rela with the addend; 0 for DT_RELR, where the relocated word has it
}

// Relocations calls visit for each dynamic relocation that a loader would apply: those of the tables DT_RELA, DT_JMPREL and
// DT_RELR of PT_DYNAMIC (gABI 5, "Dynamic Section" and "Relative Relocation Table"). There are none in a file without
// PT_DYNAMIC. The error is that of visit, or a *FormatError about a table that is not in the file.
func (f *File) Relocations(visit func(Relocation) error) error {
	if err := f.relaRelocations(visit); err != nil {
		return err
	}
	return f.tableRelocations(visit, dynamicTable{DT_RELR, DT_RELRSZ, f.relrTable})
}

// relaRelocations is Relocations without DT_RELR.
func (f *File) relaRelocations(visit func(Relocation) error) error {
	return f.tableRelocations(visit,
		dynamicTable{elf.DT_RELA, elf.DT_RELASZ, f.relaTable},
		dynamicTable{elf.DT_JMPREL, elf.DT_PLTRELSZ, f.relaTable})
}

// A dynamicTable is a table of relocations that PT_DYNAMIC gives the address and size of.
type dynamicTable struct {
	addr, size elf.DynTag
	read       func(addr uint64, table []byte, visit func(Relocation) error) error
}

func (f *File) tableRelocations(visit func(Relocation) error, tables ...dynamicTable) error {
	tags := map[elf.DynTag]uint64{}
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_DYNAMIC {
			continue
		}
		entries, _, err := f.DynamicEntries(p)
		if err != nil {
			return err
		}
		for _, d := range entries {
			tags[elf.DynTag(d.Tag)] = d.Val
		}
	}
	for _, t := range tables {
		addr, size := tags[t.addr], tags[t.size]
		if size == 0 {
			continue
		}
		table, err := f.Bytes(addr, size)
		if err != nil {
			return err
		}
		if err := t.read(addr, table, visit); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) relaTable(addr uint64, table []byte, visit func(Relocation) error) error {
	relative := f.Machine().Relative
	for ; len(table) >= RelaSize; table, addr = table[RelaSize:], addr+RelaSize {
		info := le.Uint64(table[8:])
		r := Relocation{Site: le.Uint64(table), Relative: info == uint64(relative), Addend: le.Uint64(table[16:]), Entry: addr}
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}

// zeroed reports whether the word at addr is in memory that a PT_LOAD segment has beyond its bytes in the file.
func (f *File) zeroed(addr uint64) bool {
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) == elf.PT_LOAD && addr-p.Vaddr >= p.Filesz && addr-p.Vaddr < p.Memsz && p.Memsz-(addr-p.Vaddr) >= 8 &&
			addr >= p.Vaddr {
			return true
		}
	}
	return false
}

func (f *File) relrTable(_ uint64, table []byte, visit func(Relocation) error) error {
	return DecodeRELR(table, func(site uint64) error {
		word, err := f.Bytes(site, 8)
		if err != nil && f.zeroed(site) {
			word, err = make([]byte, 8), nil
		}
		if err != nil {
			return err
		}
		return visit(Relocation{Site: site, Relative: true, Addend: le.Uint64(word)})
	})
}

// Relocated returns the n bytes at vaddr as they are in a program that is loaded at its link-time addresses: linkers
// other than Go's leave words that a DT_RELA entry relocates at 0, as the addend is in the entry. The words are at multiples
// of 8. Symbols are not looked up: their words are as in the file. The result shares memory with f where nothing is relocated.
func (f *File) Relocated(vaddr, n uint64) ([]byte, error) {
	b, err := f.Bytes(vaddr, n)
	if err != nil {
		return nil, err
	}
	shared := true
	err = f.relaRelocations(func(r Relocation) error {
		if !r.Relative || r.Site < vaddr || r.Site-vaddr >= n || n-(r.Site-vaddr) < 8 {
			return nil
		}
		if shared {
			b, shared = bytes.Clone(b), false
		}
		le.PutUint64(b[r.Site-vaddr:], r.Addend)
		return nil
	})
	return b, err
}
