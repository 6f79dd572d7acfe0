package link

import (
	"cmp"
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
			s.in.addresses = append(s.in.addresses, uint32(r.off)) // what is outside the section is refused later
		}
		if !slices.IsSorted(s.in.addresses) {
			slices.Sort(s.in.addresses)
		}
		s.in.addresses = slices.Compact(s.in.addresses)
	}
	return nil
}

// encodeRelr returns the table of what is to be relocated at start, in the memory of e.
func (l *linker) encodeRelr(e *goelf.RELREncoder) []uint64 {
	byAddress := slices.Clone(l.sections)
	slices.SortStableFunc(byAddress, func(a, b *section) int { return cmp.Compare(a.addr, b.addr) })
	for _, s := range byAddress {
		if s.in != nil {
			for _, off := range s.in.addresses {
				e.Add(s.addr + uint64(off))
			}
		}
	}
	return e.Words()
}

// relocates reports whether a word from start up to end is relocated at start.
func (l *linker) relocates(start, end uint64) bool {
	return l.opt.PIE && slices.ContainsFunc(l.sections, func(s *section) bool {
		if s.in == nil || start >= s.addr+s.size || s.addr >= end {
			return false
		}
		i, _ := slices.BinarySearchFunc(s.in.addresses, max(start, s.addr)-s.addr, func(a uint32, off uint64) int {
			return cmp.Compare(uint64(a), off)
		})
		return i < len(s.in.addresses) && s.addr+uint64(s.in.addresses[i]) < end
	})
}
