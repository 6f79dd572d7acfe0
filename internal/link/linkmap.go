package link

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"slices"
)

// Map returns the link map: a text table of segments, sections and symbols with
// their addresses, places in the file and sizes, all in hexadecimal.
func (o *Output) Map() []byte {
	l := o.l
	var b bytes.Buffer
	fmt.Fprintf(&b, "%-18s %-10s %-10s %-10s segment\n", "address", "offset", "filesize", "memsize")
	for _, g := range l.segments {
		fmt.Fprintf(&b, "0x%016x 0x%08x 0x%08x 0x%08x %v %v\n", g.addr, g.off, g.filesz, g.memsz, g.typ, g.flags)
	}
	fmt.Fprintf(&b, "\n%-18s %-10s %-10s section\n", "address", "offset", "size")
	for _, s := range l.sections {
		fmt.Fprintf(&b, "0x%016x 0x%08x 0x%08x %s\n", s.addr, s.off, s.size, s.name)
	}

	type entry struct {
		addr, size uint64
		section    string
		name       string
	}
	var entries []entry
	for _, s := range l.ownSymbols() {
		if s.section != nil {
			entries = append(entries, entry{s.section.addr + s.value, s.size, s.section.name, s.name})
		}
	}
	for i := 1; i < l.obj.symbols(); i++ {
		s := l.obj.symbol(uint32(i))
		if s.section == uint16(elf.SHN_ABS) || !l.keepSymbol(s) {
			continue
		}
		to := l.obj.sections[s.section].out
		entries = append(entries, entry{to.addr + s.value, s.size, to.name, l.obj.symbolName(s)})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.addr, b.addr) })
	fmt.Fprintf(&b, "\n%-18s %-10s %-16s symbol\n", "address", "size", "section")
	for _, e := range entries {
		fmt.Fprintf(&b, "0x%016x 0x%08x %-16s %s\n", e.addr, e.size, e.section, e.name)
	}
	return b.Bytes()
}
