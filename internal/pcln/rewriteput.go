package pcln

import (
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

func (w *rewriter) putTables() error {
	size := w.t.Section.Size - w.moved
	if w.low != nil {
		size = uint64(len(w.res.Data))
	}
	b, err := w.bytes(w.t.Section.Addr, size)
	if err != nil {
		return err
	}
	clear(b)
	copy(b, w.res.Data)
	return nil
}

// putModule writes the words of moduledata, also those that a table of relocations
// has: linkers differ in whether they write them in place as well.
func (w *rewriter) putModule() error {
	b, err := w.bytes(w.t.module, w.t.layout.Size)
	if err != nil {
		return err
	}
	for off := w.t.layout.PCLnTabEnd + 8; off < len(w.t.mod); off += 8 {
		old := le.Uint64(w.t.mod[off:])
		if new := w.address(old); new != old {
			if off != w.t.layout.TypeLinks && off != w.t.layout.ItabLinks {
				return fmt.Errorf("%s: moduledata refers to %#x at offset %d, which would move", w.f.Name, old, off)
			}
			w.res.Module[off] = new
		}
	}
	for off, v := range w.res.Module {
		le.PutUint64(b[off:], v)
	}
	return nil
}

func (w *rewriter) putDynamic() error {
	for i := range w.f.Progs {
		p := &w.f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_DYNAMIC || p.Filesz == 0 {
			continue
		}
		b, err := w.bytes(p.Vaddr, p.Filesz)
		if err != nil {
			return err
		}
		for ; len(b) >= 16; b = b[16:] {
			tag, v := elf.DynTag(le.Uint64(b)), le.Uint64(b[8:])
			if new := w.address(v); new != v && slices.Contains(dynamicPointers, tag) {
				le.PutUint64(b[8:], new)
			}
		}
	}
	return nil
}

// putSymbols changes the symbols of what changes its place.
func (w *rewriter) putSymbols() error {
	mod := w.t.mod
	parts := map[uint64]uint64{} // new addresses by old ones
	for _, off := range []int{goabi.ModuleFuncNames, goabi.ModuleUnits, goabi.ModuleFiles, goabi.ModulePCTab, goabi.ModuleFuncs,
		goabi.ModuleFindFuncTab, w.t.layout.GoFunc, w.t.layout.PCLnTabEnd} {
		parts[le.Uint64(mod[off:])] = w.res.Module[off]
	}
	for i := range w.f.Sections {
		s := &w.f.Sections[i]
		if elf.SectionType(s.Type) != elf.SHT_SYMTAB {
			continue
		}
		table, err := w.f.SymbolTable(s)
		if err != nil {
			return err
		}
		for n := range table.Len() {
			sym, err := table.At(n)
			if err != nil {
				return err
			}
			x := int(sym.Shndx)
			if x == 0 || x >= len(w.f.Sections) {
				continue
			}
			entry := w.image[w.unloaded(s.Off)+uint64(n)*goelf.SymbolSize:]
			switch {
			case x != w.t.Section.Index:
				if new := w.address(sym.Value); new != sym.Value && w.f.Sections[x].Addr >= w.end {
					le.PutUint64(entry[8:], new)
				}
			case parts[sym.Value] != 0:
				le.PutUint64(entry[8:], parts[sym.Value])
				if sym.Size != 0 {
					le.PutUint64(entry[16:], 0) // it was that of the old part
				}
			case sym.Value != w.t.Section.Addr:
				return fmt.Errorf("%s: symbol %q is inside .gopclntab, where it does not belong", w.f.Name, sym.Str)
			}
		}
	}
	return nil
}

// unloaded returns the new offset of what is not loaded.
func (w *rewriter) unloaded(off uint64) uint64 {
	last := w.load[len(w.load)-1]
	if off >= last.Off+last.Filesz {
		return off - w.tail
	}
	return off
}

// addHeader makes room in the table of program headers for one more, and writes those of the segment that became two.
func (w *rewriter) addHeader(table []byte) {
	const size = goelf.ProgHeaderSize
	n := len(w.f.Progs)
	at := 0
	for &w.f.Progs[at] != w.home {
		at++
	}
	copy(table[(at+1)*size:(n+1)*size], table[at*size:n*size])
	for i, p := range []*elf.Prog64{w.low, w.high} {
		h := *p
		h.Off = w.newOff[p]
		copy(table[(at+i)*size:], goelf.Encode(h))
	}
	le.PutUint16(w.image[56:], uint16(n+1)) // e_phnum
}

// putHeaders writes the three kinds of headers.
func (w *rewriter) putHeaders() error {
	f := w.f
	shoff := w.unloaded(f.Header.Shoff)
	table := w.image[f.Header.Phoff:]
	if w.low != nil {
		if w.sectionsFollow() {
			size := uint64(len(f.Sections)) * goelf.SectionHeaderSize
			copy(w.image[shoff+goelf.ProgHeaderSize:][:size], w.image[shoff:][:size])
			shoff += goelf.ProgHeaderSize
		}
		w.addHeader(table)
	}
	le.PutUint64(w.image[40:], shoff)
	for i := range f.Progs {
		p := f.Progs[i]
		if &f.Progs[i] == w.home && w.low != nil {
			table = table[2*goelf.ProgHeaderSize:] // addHeader wrote them
			continue
		}
		b := table[:goelf.ProgHeaderSize]
		table = table[goelf.ProgHeaderSize:]
		for _, l := range w.load {
			if p.Vaddr >= l.Vaddr && p.Vaddr-l.Vaddr < l.Memsz && p.Off >= l.Off && p.Off-l.Off <= l.Filesz {
				le.PutUint64(b[8:], p.Off-l.Off+w.newOff[l])
			}
		}
		switch {
		case &f.Progs[i] == w.home:
			le.PutUint64(b[32:], p.Filesz-w.moved)
			le.PutUint64(b[40:], p.Memsz-w.moved)
		case elf.ProgType(p.Type) == elf.PT_PHDR && w.low != nil:
			le.PutUint64(b[32:], p.Filesz+goelf.ProgHeaderSize)
			le.PutUint64(b[40:], p.Memsz+goelf.ProgHeaderSize)
		}
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		b := w.image[shoff+uint64(i)*goelf.SectionHeaderSize:]
		if s.Index == w.t.Section.Index {
			le.PutUint64(b[32:], uint64(len(w.res.Data)))
		}
		if s.Flags&uint64(elf.SHF_ALLOC) == 0 {
			le.PutUint64(b[24:], w.unloaded(s.Off))
			continue
		}
		for _, l := range w.load {
			if s.Addr < l.Vaddr || s.Addr-l.Vaddr > l.Memsz || s.Off < l.Off || s.Off-l.Off > l.Filesz {
				continue
			}
			off := s.Off - l.Off + w.newOff[l]
			if l == w.home && s.Addr >= w.end {
				off -= w.moved
				le.PutUint64(b[16:], s.Addr-w.moved)
			}
			le.PutUint64(b[24:], off)
			break
		}
	}
	return nil
}
