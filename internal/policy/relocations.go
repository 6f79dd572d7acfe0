package policy

// # Relocations of a static PIE
//
// A static PIE relocates itself: its entry code adds the load address to every
// word listed in two tables that PT_DYNAMIC names. It can do no more than that,
// so every entry must be a relative one, and every word in memory that is
// writable while it runs.
//
//	DT_RELA, DT_RELASZ   24-byte entries: address, type and symbol, addend (gABI 4)
//	DT_RELR, DT_RELRSZ   8-byte words: an even one is the address of a word to
//	                     relocate; an odd one is a bitmap for the 63 words after
//	                     the last one covered, bit i+1 for word i (gABI 5, RELR)
//	DT_JMPREL, DT_REL    must not be there: they are for symbols and for addends
//	                     kept in place

import (
	"debug/elf"
	"encoding/binary"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// Dynamic tags that debug/elf does not name (gABI 5, Dynamic Section).
const (
	dtRELRSZ elf.DynTag = 35
	dtRELR   elf.DynTag = 36
)

// relativeTypes are the relocation types that only add the load address.
var relativeTypes = map[elf.Machine]uint32{
	elf.EM_X86_64:  uint32(elf.R_X86_64_RELATIVE),
	elf.EM_AARCH64: uint32(elf.R_AARCH64_RELATIVE),
	elf.EM_RISCV:   uint32(elf.R_RISCV_RELATIVE),
}

var pieRelocations = Rule{
	ID:       "pie-relocations",
	What:     "The program can relocate itself: all relocations are relative, and all their places are in writable segments.",
	Why:      "Without a loader nobody looks symbols up, and a write to read-only memory faults before main begins.",
	Evidence: "DT_RELA, DT_RELR, DT_REL and DT_JMPREL tables, PT_LOAD headers.",
	Remedy:   "Link with golink; a relocation against a symbol means that cgo or a shared library is part of the program.",
	Ref:      "System V gABI, chapter 4, Relocation, and chapter 5, Dynamic Section",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if _, _, ok := dynamicEntries(in.File); !ok {
			return "the file has no PT_DYNAMIC segment"
		}
		return ""
	},
	Check: checkPIERelocations,
}

func checkPIERelocations(in *Input) []Finding {
	f := in.File
	entries, _, _ := dynamicEntries(f)
	c := relocChecker{file: f, loads: loads(f)}
	for _, table := range []struct {
		addr, size elf.DynTag
		name       string
		check      func([]byte)
	}{
		{elf.DT_RELA, elf.DT_RELASZ, "DT_RELA", c.rela},
		{dtRELR, dtRELRSZ, "DT_RELR", c.relr},
		{elf.DT_REL, elf.DT_RELSZ, "DT_REL", c.unwanted("DT_REL")},
		{elf.DT_JMPREL, elf.DT_PLTRELSZ, "DT_JMPREL", c.unwanted("DT_JMPREL")},
	} {
		addr, hasAddr := dynamicValue(entries, table.addr)
		size, hasSize := dynamicValue(entries, table.size)
		if !hasAddr || hasSize && size == 0 {
			continue
		}
		if !hasSize {
			c.add(table.name, "PT_DYNAMIC gives its address %#x but not its size", addr)
			continue
		}
		data, err := f.Bytes(addr, size)
		if err != nil {
			c.add(table.name, "the table at %#x with %#x bytes is not in the file part of a PT_LOAD segment", addr, size)
			continue
		}
		table.check(data)
	}
	return c.collector
}

type relocChecker struct {
	file  *goelf.File
	loads loadTable
	collector
}

// target checks one relocated word.
func (c *relocChecker) target(table string, addr uint64) {
	switch s, ok := c.loads.find(addr, 8); {
	case !ok:
		c.add(table, "it relocates the word at %#x, which is in no PT_LOAD segment", addr)
	case !s.has(elf.PF_W):
		c.add(where(c.file, addr), "%s relocates the word at %#x, which is in the read-only segment %s", table, addr, segmentName(c.file.Progs, s.index))
	}
}

func (c *relocChecker) rela(data []byte) {
	want := relativeTypes[elf.Machine(c.file.Header.Machine)]
	if len(data)%goelf.RelaSize != 0 {
		c.add("DT_RELASZ", "the table has %#x bytes, want a multiple of %d", len(data), goelf.RelaSize)
	}
	for ; len(data) >= goelf.RelaSize && !c.full(); data = data[goelf.RelaSize:] {
		addr, info := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
		if typ := elf.R_TYPE64(info); typ != want || elf.R_SYM64(info) != 0 {
			c.add("DT_RELA", "the word at %#x has relocation type %d against symbol %d, want the relative type %d without symbol", addr, typ, elf.R_SYM64(info), want)
			continue
		}
		c.target("DT_RELA", addr)
	}
}

func (c *relocChecker) relr(data []byte) {
	if len(data)%8 != 0 {
		c.add("DT_RELRSZ", "the table has %#x bytes, want a multiple of 8", len(data))
	}
	var next uint64 // the word after the last one covered
	begun := false
	for ; len(data) >= 8 && !c.full(); data = data[8:] {
		word := binary.LittleEndian.Uint64(data)
		if word&1 == 0 {
			c.target("DT_RELR", word)
			next, begun = word+8, true
			continue
		}
		if !begun {
			c.add("DT_RELR", "the table begins with the bitmap %#x, want an address", word)
			return
		}
		const span = 63 * 8
		if s, ok := c.loads.find(next, span); !ok || !s.has(elf.PF_W) {
			for i, bits := uint64(0), word>>1; bits != 0; i, bits = i+1, bits>>1 {
				if bits&1 != 0 {
					c.target("DT_RELR", next+8*i)
				}
			}
		}
		next += span
	}
}

// unwanted reports a table that a static PIE must not have.
func (c *relocChecker) unwanted(name string) func([]byte) {
	return func(data []byte) {
		c.add(name, "PT_DYNAMIC has a %s table with %d bytes, want none", name, len(data))
	}
}

// where names the place of addr: its section, or the address when it has none.
func where(f *goelf.File, addr uint64) string {
	if s := sectionAt(f, addr); s != "" {
		return "section " + s
	}
	return "memory without a section"
}
