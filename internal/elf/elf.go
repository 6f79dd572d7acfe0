// Package elf reads the 64-bit little-endian ELF files of the machines that
// rules_go3s ships for (x86-64, AArch64, RISC-V). It is made for hostile input:
// every offset, size and count is checked against the file before use, nothing
// is allocated from an unchecked count, and it never panics. It refuses every
// other class, byte order and machine.
//
// Names of types and constants are those of debug/elf, which in turn are those
// of the ELF specification (System V gABI, chapters 4 and 5).
package elf

import (
	"debug/elf"
	"fmt"
	"strings"
)

// A FormatError says where a file departs from the ELF format.
type FormatError struct {
	File string // path as given to Open or Parse
	Off  uint64 // file offset of the offending field or bytes
	Msg  string // what was found, what was wanted
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: offset %#x: %s", e.File, e.Off, e.Msg)
}

// Reason returns the text of an error about f without the name of the file, for reports that must not depend on it.
func Reason(f *File, err error) string { return strings.ReplaceAll(err.Error(), f.Name+": ", "") }

// AlignUp rounds n up to a multiple of align, a power of two. The sum wraps around where n is within align of 2^64.
func AlignUp(n, align uint64) uint64 { return (n + align - 1) &^ (align - 1) }

// A File is a parsed ELF file. It and every slice and string got from it share
// memory with the bytes it was made of, and are valid until Close.
type File struct {
	Name     string // for messages
	Data     []byte // the whole file; read-only, writing to it may fault
	Header   elf.Header64
	Progs    []elf.Prog64
	Sections []Section // Sections[0] is the null section; empty when the file has no section table

	// Shstrndx is the index of the section name string table, 0 for none. Unlike
	// Header.Shstrndx it is never SHN_XINDEX (gABI 4, "Section Header").
	Shstrndx int

	// LaterGo lets readers of Go's tables take those of a series later than all known ones for the newest one's (goabi.Reading, Warn).
	LaterGo bool

	mapped bool // Data is a mapping that Close must undo
}

// A Section is one section header with its name resolved.
type Section struct {
	elf.Section64
	Index int
	Str   string // the name, from the section header string table
}

// A Symbol is one entry of a symbol table with its name resolved.
type Symbol struct {
	elf.Sym64
	Str string
}

// A Note is one entry of a PT_NOTE segment or SHT_NOTE section.
type Note struct {
	Name string
	Type uint32
	Desc []byte
	Off  uint64 // file offset of the entry
}
