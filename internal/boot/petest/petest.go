// Package petest makes small UEFI programs for tests.
package petest

import "encoding/binary"

// Alignments of the programs, in bytes.
const (
	SectionAlign = 0x1000
	FileAlign    = 0x200
	Headers      = 0x400 // size of all headers, with room for some more sections
)

// A Section is one of a program.
type Section struct {
	Name    string
	Content []byte
}

// Program returns a program for a machine (such as pe.AMD64) with the sections.
func Program(machine uint16, sections ...Section) []byte {
	const start, optional = 64, 64 + 24
	const optionalSize = 112 + 16*8
	out := make([]byte, Headers)
	le := binary.LittleEndian
	copy(out, "MZ")
	le.PutUint32(out[60:], start)
	copy(out[start:], "PE\x00\x00")
	le.PutUint16(out[start+4:], machine)
	le.PutUint16(out[start+6:], uint16(len(sections)))
	le.PutUint16(out[start+20:], optionalSize)
	le.PutUint16(out[optional:], 0x20b)
	le.PutUint32(out[optional+32:], SectionAlign)
	le.PutUint32(out[optional+36:], FileAlign)
	le.PutUint32(out[optional+60:], Headers)
	le.PutUint16(out[optional+68:], 10)
	le.PutUint32(out[optional+108:], 16)
	address := SectionAlign
	for i, s := range sections {
		at := optional + optionalSize + 40*i
		size := (len(s.Content) + FileAlign - 1) &^ (FileAlign - 1)
		copy(out[at:at+8], s.Name)
		le.PutUint32(out[at+8:], uint32(len(s.Content)))
		le.PutUint32(out[at+12:], uint32(address))
		le.PutUint32(out[at+16:], uint32(size))
		le.PutUint32(out[at+20:], uint32(len(out)))
		out = append(append(out, s.Content...), make([]byte, size-len(s.Content))...)
		address += (size + SectionAlign - 1) &^ (SectionAlign - 1)
	}
	le.PutUint32(out[optional+56:], uint32(address))
	return out
}

// Stub returns what package uki takes for systemd's stub.
func Stub(machine uint16) []byte {
	return Program(machine, Section{".text", []byte("code")}, Section{".sdmagic", []byte("#### LoaderInfo: systemd-stub 1 ####")})
}
