package pcln

import (
	"debug/elf"
	"fmt"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// putRelocations changes the addends of relative relocations of moduledata, and
// checks that nothing else refers to what changes.
func (w *rewriter) putRelocations() error {
	for i := range w.f.Sections {
		s := &w.f.Sections[i]
		if s.Flags&uint64(elf.SHF_ALLOC) == 0 || s.Size == 0 {
			continue
		}
		var err error
		switch elf.SectionType(s.Type) {
		case elf.SHT_RELA:
			err = w.putRela(s)
		case shtRELR:
			err = w.checkRelr(s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	shtRELR  = 19
	relaSize = 24
)

// changes reports whether the address is of the section or moves.
func (w *rewriter) changes(addr uint64) bool {
	return addr >= w.t.Section.Addr && addr < w.end || w.address(addr) != addr
}

func (w *rewriter) putRela(s *goelf.Section) error {
	b, err := w.bytes(w.address(s.Addr), s.Size)
	if err != nil {
		return err
	}
	for ; len(b) >= relaSize; b = b[relaSize:] {
		site, addend := le.Uint64(b), le.Uint64(b[16:])
		if !w.changes(addend) {
			continue
		}
		v, ok := w.res.Module[site-w.t.module]
		if !ok && site-w.t.module != modHeader {
			return fmt.Errorf("%s: a relocation at %#x refers to %#x, which would change; only moduledata should", w.f.Name, site, addend)
		}
		if ok {
			le.PutUint64(b[16:], v)
		}
	}
	return nil
}

// checkRelr walks the sites of DT_RELR relocations (gABI, "Relative Relocation
// Table"): their addends are in place.
func (w *rewriter) checkRelr(s *goelf.Section) error {
	b, err := w.f.SectionData(s)
	if err != nil {
		return err
	}
	check := func(site uint64) error {
		word, err := w.f.Bytes(site, 8)
		if err != nil {
			return err
		}
		if v := le.Uint64(word); w.changes(v) {
			if _, ok := w.res.Module[site-w.t.module]; !ok && site-w.t.module != modHeader {
				return fmt.Errorf("%s: a relocation at %#x refers to %#x, which would change; only moduledata should", w.f.Name, site, v)
			}
		}
		return nil
	}
	base := uint64(0)
	for ; len(b) >= 8; b = b[8:] {
		e := le.Uint64(b)
		if e&1 == 0 {
			if err := check(e); err != nil {
				return err
			}
			base = e + 8
			continue
		}
		for n := uint64(0); n < 63; n++ {
			if e>>(n+1)&1 != 0 {
				if err := check(base + 8*n); err != nil {
					return err
				}
			}
		}
		base += 63 * 8
	}
	return nil
}
