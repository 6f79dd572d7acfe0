package link

import (
	"debug/elf"
	"slices"

	"github.com/go3s/rules_go3s/internal/arch"
	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// relrNothing is a bitmap without a place: it relocates nothing.
const relrNothing = 1

// findRelr finds, in a PIE, what the program is to relocate at start, and checks that it is confined to 64-bit words in
// writable sections.
func (l *linker) findRelr() error {
	if !l.opt.PIE {
		return nil
	}
	for _, s := range l.sections {
		if s.in == nil || s.flags&elf.SHF_ALLOC == 0 {
			continue
		}
		for i := 0; i < len(s.in.relas); i += goelf.RelaSize {
			r := readRela(s.in.relas[i:])
			k := l.kind(r.typ)
			if k == nil || k.Class != arch.Address && k.Class != arch.Absolute {
				continue
			}
			if k.Class == arch.Absolute || s.flags&elf.SHF_WRITE == 0 || r.off%8 != 0 {
				return l.relocError(s, r, "a position-independent program can store an address only in an aligned 64-bit word of writable data")
			}
			s.in.addresses = append(s.in.addresses, r.off)
		}
	}
	return nil
}

// relrSites returns the addresses to relocate at start, ascending. It uses the memory of l.sites.
func (l *linker) relrSites() []uint64 {
	n := 0
	for i := range l.obj.sections {
		n += len(l.obj.sections[i].addresses)
	}
	sites := slices.Grow(l.sites[:0], n)
	for _, s := range l.sections {
		if s.in == nil {
			continue
		}
		for _, off := range s.in.addresses {
			sites = append(sites, s.addr+off)
		}
	}
	if !slices.IsSorted(sites) {
		slices.Sort(sites)
	}
	return slices.Compact(sites)
}
