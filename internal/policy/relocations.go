package policy

// # Relocations of a static PIE
//
// A static PIE relocates itself: its entry code adds the load address to every
// word listed in two tables that PT_DYNAMIC names. It can do no more than that,
// so every entry must be a relative one, every word in memory that is writable
// while it runs, and no word may be listed twice. What is relocated must be an
// address of the program: in a DT_RELR table the word itself, in a DT_RELA table the
// addend.
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
	"errors"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

var pieRelocations = Rule{
	ID:       "pie-relocations",
	What:     "The program can relocate itself: all relocations are relative, each has a word in a writable segment to itself, and what they relocate is an address of the program.",
	Why:      "Without a loader nobody looks symbols up, and a write to read-only memory faults before main begins. A word that is relocated twice, or that holds no address, is a wrong pointer.",
	Evidence: "DT_RELA, DT_RELR, DT_REL and DT_JMPREL tables, the relocated words in the file, PT_LOAD headers.",
	Remedy:   "Link with golink; a relocation against a symbol means that cgo or a shared library is part of the program.",
	Ref:      "System V gABI, chapter 4, Relocation, and chapter 5, Dynamic Section",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if _, _, ok := dynamicEntries(in.File); !ok && elf.Type(in.File.Header.Type) == elf.ET_EXEC {
			return "the file has no PT_DYNAMIC segment"
		}
		return ""
	},
	Check: checkPIERelocations,
}

func checkPIERelocations(in *Input) []Finding {
	f := in.File
	entries, _, ok := dynamicEntries(f)
	if !ok {
		return one("PT_DYNAMIC", "a file of type ET_DYN has none, so nothing names its relocations")
	}
	c := relocChecker{file: f, loads: loads(f)}
	if n := len(c.loads); n > 0 {
		c.image = gobin.Range{Start: c.loads[0].Vaddr, End: c.loads[n-1].Vaddr + c.loads[n-1].Memsz}
	}
	for _, table := range []struct {
		addr, size elf.DynTag
		name       string
		check      func([]byte)
	}{
		{elf.DT_RELA, elf.DT_RELASZ, "DT_RELA", c.checkRELA},
		{goelf.DT_RELR, goelf.DT_RELRSZ, "DT_RELR", c.checkRELR},
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
	image gobin.Range // of all segments
	last  loadSegment // that the place before was in
	rela  []uint64    // places of DT_RELA, ascending
	collector
}

// target checks one relocated word. ok is false when the program cannot write to it.
func (c *relocChecker) target(table string, addr uint64) (s loadSegment, ok bool) {
	if c.last.Prog64 != nil && addr >= c.last.Vaddr && addr-c.last.Vaddr < c.last.Memsz && c.last.Memsz-(addr-c.last.Vaddr) >= 8 {
		return c.last, true
	}
	s, ok = c.loads.find(addr, 8)
	switch {
	case !ok:
		c.add(table, "it relocates the word at %#x, which is in no PT_LOAD segment", addr)
	case !s.has(elf.PF_W):
		c.add(where(c.file, addr), "%s relocates the word at %#x, which is in the read-only segment %s", table, addr, segmentName(c.file.Progs, s.index))
		ok = false
	default:
		c.last = s
	}
	return s, ok
}

// address checks what the word at addr points to, before the load address is added.
// The end of the program is an address that Go's tables hold, too.
func (c *relocChecker) address(table string, addr, value uint64) {
	if value < c.image.Start || value > c.image.End {
		c.add(where(c.file, addr), "%s relocates the word at %#x, which holds %#x, no address of the program (%#x to %#x)", table, addr, value, c.image.Start, c.image.End)
	}
}

func (c *relocChecker) checkRELA(data []byte) {
	want := c.file.Machine().Relative
	if len(data)%goelf.RelaSize != 0 {
		c.add("DT_RELASZ", "the table has %#x bytes, want a multiple of %d", len(data), goelf.RelaSize)
	}
	c.rela = make([]uint64, 0, len(data)/goelf.RelaSize)
	for ; len(data) >= goelf.RelaSize && !c.full(); data = data[goelf.RelaSize:] {
		addr, info := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
		if typ := elf.R_TYPE64(info); typ != want || elf.R_SYM64(info) != 0 {
			c.add("DT_RELA", "the word at %#x has relocation type %d against symbol %d, want the relative type %d without symbol", addr, typ, elf.R_SYM64(info), want)
			continue
		}
		if _, ok := c.target("DT_RELA", addr); ok {
			c.address("DT_RELA", addr, binary.LittleEndian.Uint64(data[16:]))
			c.rela = append(c.rela, addr)
		}
	}
	slices.Sort(c.rela)
	for i := 1; i < len(c.rela) && !c.full(); i++ {
		if c.rela[i]-c.rela[i-1] < 8 {
			c.add("DT_RELA", "it relocates the words at %#x and %#x, which share bytes", c.rela[i-1], c.rela[i])
		}
	}
}

func (c *relocChecker) checkRELR(data []byte) {
	if len(data)%8 != 0 {
		c.add("DT_RELRSZ", "the table has %#x bytes, want a multiple of 8", len(data))
	}
	if len(data) >= 8 && data[0]&1 != 0 {
		c.add("DT_RELR", "the table begins with the bitmap %#x, want an address", binary.LittleEndian.Uint64(data))
		return
	}
	errEnough := errors.New("no more findings")
	var last uint64
	begun := false
	_ = goelf.DecodeRELR(data, func(addr uint64) error {
		if begun && addr < last+8 {
			c.add("DT_RELR", "the table goes back to %#x, though the word at %#x is relocated already", addr, last)
			return errEnough
		}
		c.relr(addr)
		if last, begun = addr, true; c.full() {
			return errEnough
		}
		return nil
	})
}

// relr checks a word of DT_RELR.
func (c *relocChecker) relr(addr uint64) {
	s, ok := c.target("DT_RELR", addr)
	if !ok {
		return
	}
	var value uint64 // zero beyond the file's part of the segment
	if off := addr - s.Vaddr; off < s.Filesz && s.Filesz-off >= 8 {
		value = binary.LittleEndian.Uint64(s.data[off:])
	}
	c.address("DT_RELR", addr, value)
	if i, found := slices.BinarySearch(c.rela, addr); found {
		c.add("DT_RELR", "it relocates the word at %#x, which DT_RELA relocates as well", c.rela[i])
	}
}

// relocatedIn returns the address of a word that relocation changes in one of the ranges; ok is false when there is none. Its first
// byte stays as it is, since programs are loaded at whole pages. The error is that of the tables.
func relocatedIn(f *goelf.File, ranges ...gobin.Range) (addr uint64, ok bool, err error) {
	err = f.Relocations(func(r goelf.Relocation) error {
		if slices.ContainsFunc(ranges, func(in gobin.Range) bool { return r.Site+1 < in.End && in.Start < r.Site+8 }) {
			addr, ok = r.Site, true
		}
		return nil
	})
	return addr, ok, err
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
