package pcln

import (
	"cmp"
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/hugepages"
)

// # Rewriting a program
//
// The section .gopclntab keeps its address and gets shorter. What follows it in its
// segment moves down: cmd/link puts tables there that only moduledata and the
// dynamic section refer to, which are changed accordingly; golink puts nothing
// there. The segments after keep their addresses and move in the file, each to
// the first offset that agrees with its address modulo its alignment. Then come
// the sections that are not loaded, in their order.
//
// Where something else follows .gopclntab in its segment, as type descriptors do since Go 1.27 and .eh_frame in programs of
// GNU ld and LLD, its address stays, and the segment becomes two: the second one begins there. That needs room for one more
// program header, and pages of their own for both.
//
// Where that is not so either, or something that is not loaded is between segments, nothing moves: zeros follow the shorter
// section, and the file saves nothing until it is packed.

// movable are the sections that may move, and how they are referred to.
var movable = map[string]bool{
	".typelink": true, ".itablink": true, // by moduledata
	".rela": true, ".rela.plt": true, ".gnu.version_r": true, ".gnu.version": true, ".dynstr": true, ".dynsym": true, ".hash": true, // by .dynamic
}

// dynamicPointers are the tags of .dynamic whose values are addresses.
var dynamicPointers = []elf.DynTag{
	elf.DT_PLTGOT, elf.DT_HASH, elf.DT_STRTAB, elf.DT_SYMTAB, elf.DT_RELA, elf.DT_JMPREL, elf.DT_VERSYM, elf.DT_VERNEED,
}

// minPage is the smallest page in bytes. The kernel maps pages, whatever p_align says.
const minPage = 4096

// A rewriter is the state of one Rewrite.
type rewriter struct {
	f   *goelf.File
	t   *Table
	res *Result

	load  []*elf.Prog64 // PT_LOAD segments with contents, by file offset
	home  *elf.Prog64   // the one with .gopclntab
	end   uint64        // address of the end of the old section
	moved uint64        // by how many bytes what follows it moves down
	// Of a segment that becomes two, as the old file has them: the parts up to the end of the new section, and from the end
	// of the old one on. nil otherwise.
	low, high *elf.Prog64

	newOff map[*elf.Prog64]uint64
	tail   uint64 // by how many bytes what is not loaded moves down
	image  []byte
}

// Rewrite returns the program that t was read from with the tables of res.
func (t *Table) Rewrite(res *Result) ([]byte, error) {
	w := &rewriter{f: t.f, t: t, res: res, end: t.Section.Addr + t.Section.Size, newOff: map[*elf.Prog64]uint64{}}
	if uint64(len(res.Data)) > t.Section.Size {
		return nil, t.errorf(0, "compacted it would have %d bytes, more than the %d it has", len(res.Data), t.Section.Size)
	}
	if err := w.checkFIPS(); err != nil {
		return nil, err
	}
	if err := w.plan(); err != nil {
		return nil, err
	}
	w.copy()
	for _, step := range []func() error{w.putTables, w.putModule, w.putRelocations, w.putDynamic, w.putSymbols, w.putHeaders} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return w.image, nil
}

// checkFIPS checks that nothing that changes is under the FIPS 140 sum.
func (w *rewriter) checkFIPS() error {
	info, err := gobin.ReadFIPSInfo(w.f)
	if err != nil {
		return err
	}
	for _, r := range []gobin.Range{info.Text, info.ROData, info.NoPtrData, info.Data} {
		for _, c := range []gobin.Range{{Start: w.t.Section.Addr, End: w.end}, {Start: w.t.module, End: w.t.module + w.t.layout.Size}} {
			if r.Start < c.End && c.Start < r.End {
				return fmt.Errorf("%s: the FIPS 140 sum covers %#x to %#x, of which %#x to %#x would change", w.f.Name, r.Start, r.End, c.Start, c.End)
			}
		}
	}
	return nil
}

// plan decides what moves where.
func (w *rewriter) plan() error {
	f, s := w.f, &w.t.Section
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD || p.Filesz == 0 {
			continue
		}
		w.load = append(w.load, p)
		if p.Vaddr <= s.Addr && w.end <= p.Vaddr+p.Filesz {
			w.home = p
		}
	}
	slices.SortFunc(w.load, func(a, b *elf.Prog64) int { return cmp.Compare(a.Off, b.Off) })
	if w.home == nil || s.Off != w.home.Off+(s.Addr-w.home.Vaddr) {
		return w.t.errorf(0, "is not where its segment is")
	}
	freed := s.Size - uint64(len(w.res.Data))
	if w.canShift() {
		if align, ok := w.alignment(); ok {
			w.moved = freed &^ (align - 1)
		} else {
			w.split()
		}
	}
	end, shifting := uint64(0), false
	for _, p := range w.load {
		off := p.Off
		if shifting {
			align := max(p.Align, minPage)
			off = end + (p.Vaddr-end)%align
			if off > p.Off {
				off = p.Off // nothing to gain
			}
		}
		w.newOff[p] = off
		end = off + p.Filesz
		if p == w.home && w.moved > 0 || p == w.low {
			shifting = true
			end -= w.moved
		}
	}
	last := w.load[len(w.load)-1]
	if shifting {
		w.tail = (last.Off + last.Filesz - end) &^ (w.tailAlign() - 1)
	}
	return nil
}

// split makes the segment of .gopclntab two, where that is possible.
func (w *rewriter) split() {
	f, page := w.f, max(w.home.Align, minPage)
	newEnd := w.t.Section.Addr + uint64(len(w.res.Data))
	if w.home.Memsz != w.home.Filesz || newEnd+page-1 > w.end || goelf.AlignUp(newEnd, page) > w.end&^(page-1) ||
		w.end >= w.home.Vaddr+w.home.Filesz || !w.hasHeaderRoom() {
		return
	}
	for i := range f.Progs { // another header covers a part of both
		p := &f.Progs[i]
		if t := elf.ProgType(p.Type); t != elf.PT_LOAD && t != elf.PT_GNU_STACK && p.Vaddr < w.end && p.Vaddr+p.Memsz > newEnd {
			return
		}
	}
	low, high := *w.home, *w.home
	low.Filesz = newEnd - low.Vaddr
	low.Memsz = low.Filesz
	skip := w.end - high.Vaddr
	high.Off, high.Vaddr, high.Paddr = high.Off+skip, high.Vaddr+skip, high.Paddr+skip
	high.Filesz, high.Memsz = high.Filesz-skip, high.Memsz-skip
	w.low, w.high = &low, &high
	i := slices.Index(w.load, w.home)
	w.load = slices.Concat(w.load[:i], []*elf.Prog64{w.low, w.high}, w.load[i+1:])
}

// sectionsFollow reports whether the section headers come directly after the program headers, as cmd/link has them.
func (w *rewriter) sectionsFollow() bool {
	return w.f.Header.Shoff == w.f.Header.Phoff+uint64(len(w.f.Progs))*goelf.ProgHeaderSize
}

// hasHeaderRoom reports whether a program header may be added: zeros follow the table, and section headers that come directly
// after it, that no section has.
func (w *rewriter) hasHeaderRoom() bool {
	start := w.f.Header.Phoff + uint64(len(w.f.Progs))*goelf.ProgHeaderSize
	if w.sectionsFollow() {
		start += uint64(len(w.f.Sections)) * goelf.SectionHeaderSize
	}
	end := start + goelf.ProgHeaderSize
	if end > uint64(len(w.f.Data)) || start > w.t.Section.Off {
		return false
	}
	for _, b := range w.f.Data[start:end] {
		if b != 0 {
			return false
		}
	}
	for i := range w.f.Sections {
		s := &w.f.Sections[i]
		if t := elf.SectionType(s.Type); t != elf.SHT_NULL && t != elf.SHT_NOBITS && s.Off < end && s.Off+s.Size > start {
			return false
		}
	}
	// The kernel and programs read the headers in memory.
	return slices.ContainsFunc(w.load, func(p *elf.Prog64) bool { return p.Off <= w.f.Header.Phoff && end <= p.Off+p.Filesz })
}

// tailAlign returns the largest alignment of a section that is not loaded.
func (w *rewriter) tailAlign() uint64 {
	align := uint64(8) // of the section header table
	for i := range w.f.Sections {
		if s := &w.f.Sections[i]; s.Flags&uint64(elf.SHF_ALLOC) == 0 {
			align = max(align, s.Addralign)
		}
	}
	return align
}

// canShift reports whether what follows .gopclntab in the file may move there.
func (w *rewriter) canShift() bool {
	f := w.f
	last := w.load[len(w.load)-1]
	end := last.Off + last.Filesz
	for i := range f.Sections {
		s := &f.Sections[i]
		if t := elf.SectionType(s.Type); t == elf.SHT_NULL || t == elf.SHT_NOBITS || s.Size == 0 || s.Flags&uint64(elf.SHF_ALLOC) != 0 {
			continue
		}
		if s.Off < end && s.Off+s.Size > w.t.Section.Off || s.Addralign > 1<<20 || s.Addralign&(s.Addralign-1) != 0 {
			return false
		}
	}
	if h := f.Header; h.Shoff > w.t.Section.Off && h.Shoff < end || h.Phoff > w.t.Section.Off {
		return false
	}
	for i, p := range w.load {
		if p.Align&(p.Align-1) != 0 || (p.Off-p.Vaddr)%max(p.Align, minPage) != 0 || i > 0 && w.load[i-1].Off+w.load[i-1].Filesz > p.Off {
			return false
		}
	}
	return true
}

// alignment returns the alignment of what follows .gopclntab in its segment; ok is
// false when something there cannot move.
func (w *rewriter) alignment() (align uint64, ok bool) {
	f := w.f
	align = 1
	covered := w.end
	for i := range f.Sections {
		s := &f.Sections[i]
		if t := elf.SectionType(s.Type); t == elf.SHT_NULL || t == elf.SHT_NOBITS || s.Flags&uint64(elf.SHF_ALLOC) == 0 {
			continue
		}
		if s.Addr >= w.end && s.Addr < w.home.Vaddr+w.home.Memsz {
			if !movable[s.Str] {
				return 0, false
			}
			align = max(align, s.Addralign)
			covered = max(covered, s.Addr+s.Size)
		}
	}
	if w.home.Memsz != w.home.Filesz || covered > w.home.Vaddr+w.home.Filesz || align&(align-1) != 0 {
		return 0, false
	}
	// Bytes of the segment that no section describes must not be lost.
	for _, b := range f.Data[w.home.Off+(covered-w.home.Vaddr) : w.home.Off+w.home.Filesz] {
		if b != 0 {
			return 0, false
		}
	}
	for i := range f.Progs {
		p := &f.Progs[i]
		if t := elf.ProgType(p.Type); t != elf.PT_LOAD && t != elf.PT_GNU_STACK && p.Vaddr >= w.end && p.Vaddr < w.home.Vaddr+w.home.Memsz {
			return 0, false
		}
	}
	return align, true
}

// address returns where the address addr is now.
func (w *rewriter) address(addr uint64) uint64 {
	if addr >= w.end && addr < w.home.Vaddr+w.home.Memsz {
		return addr - w.moved
	}
	return addr
}

// offset returns the offset in the image of what has the new address addr.
func (w *rewriter) offset(addr uint64) (uint64, error) {
	for _, p := range w.load {
		if addr >= p.Vaddr && addr-p.Vaddr < p.Filesz {
			return w.newOff[p] + addr - p.Vaddr, nil
		}
	}
	return 0, fmt.Errorf("%s: no segment has address %#x in the file", w.f.Name, addr)
}

// bytes returns the n bytes of the image at the new address addr.
func (w *rewriter) bytes(addr, n uint64) ([]byte, error) {
	off, err := w.offset(addr)
	if err == nil && n > uint64(len(w.image))-off {
		err = fmt.Errorf("%s: no segment has addresses %#x to %#x in the file", w.f.Name, addr, addr+n)
	}
	if err != nil {
		return nil, err
	}
	return w.image[off : off+n], nil
}

// copy makes the image of the pieces at their new places.
func (w *rewriter) copy() {
	old := w.f.Data
	last := w.load[len(w.load)-1]
	loaded := last.Off + last.Filesz
	size := len(old) - int(w.tail)
	w.image = hugepages.Unset[byte](size)
	clear(w.image[copy(w.image, old[:w.t.Section.Off]):])
	for _, p := range w.load {
		part := old[p.Off : p.Off+p.Filesz]
		to := w.image[w.newOff[p]:]
		if p == w.home {
			copy(to, part[:w.t.Section.Off-p.Off])
			from := w.end - p.Vaddr
			copy(to[from-w.moved:], part[from:])
			continue
		}
		copy(to, part)
	}
	if loaded < uint64(len(old)) {
		copy(w.image[loaded-w.tail:], old[loaded:])
	}
}
