package elf

import (
	"debug/elf"
	"encoding/binary"
)

// # Writing
//
// What Parse reads, these functions write. Layout is their callers' own: a linker, a stripper and a packer place things by different rules.

// Encode returns v as it is in a file: little-endian, without padding. v is a structure of package debug/elf, or another value of fixed
// size, or a slice of those. Encode panics if it is not.
func Encode(v any) []byte {
	b, err := binary.Append(nil, le, v)
	if err != nil {
		panic(err)
	}
	return b
}

// NewHeader returns the ELF header of a file of type typ, with e_flags flags (gABI 4, "ELF Header"). Entry point, offsets and numbers of
// headers are left to the caller. Relocatable files have no program headers, and the size of one is 0.
func NewHeader(typ elf.Type, machine elf.Machine, flags uint32) elf.Header64 {
	h := elf.Header64{
		Type: uint16(typ), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Flags: flags,
		Ehsize: HeaderSize, Phentsize: ProgHeaderSize, Shentsize: SectionHeaderSize,
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	if typ == elf.ET_REL {
		h.Phentsize = 0
	}
	return h
}

// AppendSymbol appends s to b (gABI 4, "Symbol Table"). There can be very many: it does without the reflection of Encode.
func AppendSymbol(b []byte, s elf.Sym64) []byte {
	b = le.AppendUint32(b, s.Name)
	b = append(b, s.Info, s.Other)
	b = le.AppendUint16(b, s.Shndx)
	b = le.AppendUint64(b, s.Value)
	return le.AppendUint64(b, s.Size)
}

// AppendRela appends a relocation with an addend to b (gABI 4, "Relocation").
func AppendRela(b []byte, off uint64, sym, typ uint32, addend int64) []byte {
	b = le.AppendUint64(b, off)
	b = le.AppendUint64(b, elf.R_INFO(sym, typ))
	return le.AppendUint64(b, uint64(addend))
}

// AppendNote appends a note to b (gABI 5, "Note Section"), b being aligned to 4 bytes. Name has the NUL bytes that end it and
// count: Go's notes have two.
func AppendNote(b []byte, name string, typ uint32, desc []byte) []byte {
	b = le.AppendUint32(b, uint32(len(name)))
	b = le.AppendUint32(b, uint32(len(desc)))
	b = le.AppendUint32(b, typ)
	b = append(b, name...)
	b = append(b, make([]byte, -len(b)&3)...)
	b = append(b, desc...)
	return append(b, make([]byte, -len(b)&3)...)
}

// Strings is a string table to be written (gABI 4, "String Table"). It keeps every string that is added, in that order.
type Strings struct{ data []byte }

// Add adds s, which has no NUL byte, and returns where it is in Data.
func (t *Strings) Add(s string) uint32 {
	if len(t.data) == 0 {
		t.data = []byte{0}
	}
	off := uint32(len(t.data))
	t.data = append(append(t.data, s...), 0)
	return off
}

// Data returns the contents of the table, at least the empty string at offset 0.
func (t *Strings) Data() []byte {
	if len(t.data) == 0 {
		return []byte{0}
	}
	return t.data
}
