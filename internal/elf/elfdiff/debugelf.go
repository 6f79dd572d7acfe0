package elfdiff

import (
	"bytes"
	"debug/elf"
	"errors"
	"slices"
	"strings"
)

// DebugELF returns what package debug/elf reads. It does not read notes.
func DebugELF(data []byte) (*Facts, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	facts := &Facts{Type: f.Type, Machine: f.Machine, Entry: f.Entry, Symbols: map[int][]Symbol{}}
	for _, p := range f.Progs {
		facts.Segments = append(facts.Segments, elf.Prog64{Type: uint32(p.Type), Flags: uint32(p.Flags), Off: p.Off,
			Vaddr: p.Vaddr, Paddr: p.Paddr, Filesz: p.Filesz, Memsz: p.Memsz, Align: p.Align})
	}
	for _, s := range f.Sections {
		facts.Sections = append(facts.Sections, Section{s.Name, elf.Section64{Type: uint32(s.Type), Flags: uint64(s.Flags),
			Addr: s.Addr, Off: s.Offset, Size: s.FileSize, Link: s.Link, Info: s.Info, Addralign: s.Addralign, Entsize: s.Entsize}})
	}
	// Each reads the first section of its type.
	for typ, read := range map[elf.SectionType]func() ([]elf.Symbol, error){elf.SHT_SYMTAB: f.Symbols, elf.SHT_DYNSYM: f.DynamicSymbols} {
		syms, err := read()
		if errors.Is(err, elf.ErrNoSymbols) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for i, s := range f.Sections {
			if s.Type == typ {
				for _, sym := range syms {
					facts.Symbols[i] = append(facts.Symbols[i], Symbol{sym.Name, sym.Value, sym.Size, sym.Info, sym.Other & 3, uint16(sym.Section)})
				}
				break
			}
		}
	}
	return facts, nil
}

// SameAsDebugELF knows what debug/elf does in its own way: it keeps 32 bits of sh_flags, names
// null sections, and shows the alignment of compressed sections when uncompressed.
var SameAsDebugELF = Same{
	Section: func(own, other Section) bool {
		own.Section64.Name = 0 // debug/elf keeps the string alone
		own.Flags = uint64(uint32(own.Flags))
		if elf.SectionType(own.Type) == elf.SHT_NULL {
			other.Name = own.Name
		}
		if elf.SectionFlag(own.Flags)&elf.SHF_COMPRESSED != 0 {
			other.Addralign = own.Addralign
		}
		return own == other
	},
}

// ListedDebugELF reports whether own, which package elf has read, is a file that debug/elf is
// known to refuse: it does not know PN_XNUM nor, where e_shnum is not 0, SHN_XINDEX; it reads the header of compressed sections at once,
// wants offsets below 1<<63 also where nothing is read, and a name for the null section.
func (own *Facts) ListedDebugELF(refusal error) bool {
	known := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(refusal.Error(), part) })
	}
	unused := slices.ContainsFunc(own.Segments, func(p elf.Prog64) bool { return p.Filesz == 0 || elf.ProgType(p.Type) == elf.PT_NULL })
	null, compressed := false, false
	for _, s := range own.Sections {
		t := elf.SectionType(s.Type)
		unused = unused || t == elf.SHT_NULL || t == elf.SHT_NOBITS
		null = null || t == elf.SHT_NULL
		compressed = compressed || elf.SectionFlag(s.Flags)&elf.SHF_COMPRESSED != 0
	}
	return own.extendedPhnum && known("EOF", "phoff", "phentsize", "phnum", "program header") ||
		own.extendedShstrndx && known("shstrndx") ||
		compressed && known("EOF", "compress") ||
		unused && known("negative", "invalid section offset", "invalid program header offset", "invalid program header file size", "invalid section size") ||
		null && known("bad section name index") ||
		len(own.Segments) == 0 && known("phoff", "phentsize")
}
