package pcln

import (
	"fmt"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// putRelocations changes the addends of relative relocations of moduledata, and
// checks that nothing else refers to what changes. Tables without addends refer by
// the relocated words, which putModule writes.
func (w *rewriter) putRelocations() error {
	return w.f.Relocations(func(r goelf.Relocation) error {
		off := r.Site - w.t.module
		v, known := w.res.Module[int(off)]
		switch {
		case !r.Relative && off < w.t.layout.Size:
			return fmt.Errorf("%s: the word of moduledata at %#x is relocated by a symbol, want its address in the program", w.f.Name, r.Site)
		case !r.Relative || !w.changes(r.Addend):
			return nil
		case !known && off != goabi.ModuleHeader:
			return fmt.Errorf("%s: a relocation at %#x refers to %#x, which would change; only moduledata should", w.f.Name, r.Site, r.Addend)
		case !known || r.Entry == 0:
			return nil
		}
		b, err := w.bytes(w.address(r.Entry)+16, 8)
		if err != nil {
			return err
		}
		le.PutUint64(b, v)
		return nil
	})
}

// changes reports whether the address is of the section or moves.
func (w *rewriter) changes(addr uint64) bool {
	return addr >= w.t.Section.Addr && addr < w.end || w.address(addr) != addr
}
