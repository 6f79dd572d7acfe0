package pcln

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"slices"
	"sync"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// # Verification
//
// Every compacted program is compared with its input before it is written. The
// walker asks both what the runtime would ask, for every instruction of every
// function, and reads the tables as the runtime does: it shares no code with what encodes pcvalue tables, and only the decoders of
// _func records and call sites with the rest of the package. A table that is read to its end is compared in one walk over both.
// It also checks that the memory of both programs is the same everywhere else.

// Verify returns an error unless the program of compacted, which Rewrite made, answers all
// questions of the runtime as the program old does, but for what the tier drops.
func Verify(old, compacted *Table, tier Tier) error {
	v := &verifier{old: old, new: compacted, tier: tier}
	m := *v
	var memory error
	wait := goelf.Go(func() { memory = m.memory() })
	err := v.functions()
	wait()
	return cmp.Or(memory, err)
}

// functions compares what is said of functions.
func (v *verifier) functions() (err error) {
	old, tier := v.old, v.tier
	if old.count != v.new.count {
		return v.fail("%d functions, want %d", v.new.count, old.count)
	}
	if tier == External {
		if v.asking, err = old.entriesOf(asksInlined); err != nil {
			return err
		}
	}
	if v.morestack, err = old.entriesOf(isMorestack); err != nil {
		return err
	}
	workers := sync.Pool{New: func() any {
		w := *v
		w.known = new(known)
		return &w
	}}
	return parallel.Ranges(old.count, verifyRange, func(from, to int) error {
		v := workers.Get().(*verifier)
		defer workers.Put(v)
		for i := from; i < to; i++ {
			if err := v.function(i); err != nil {
				return fmt.Errorf("%w (function %d, text offset %#x)", err, i, old.entry(i))
			}
		}
		return nil
	})
}

// verifyRange is how many functions are verified one after the other.
const verifyRange = 256

type verifier struct {
	old, new          *Table
	tier              Tier
	asking, morestack map[uint64]bool // text offsets
	addends           []uint64        // addresses in old of the Elf64_Rela of words of moduledata
	high              *elf.Prog64     // in new, the second one of the segment that became two; nil for none
	a, b              funcRecord      // of the function at hand
	name              string          // its name in old
	size              uint64          // of its instructions in bytes
	trees             trees
	preempted         struct{ old, new preemption }
	known             *known
}

// A known is what a worker has found to be the same in both programs: most of it is used by many functions.
type known struct {
	names, files, closed, depths pairs
}

// pairs remembers an offset in the old program and one in the new program, as far as there is room: a pair takes the place of another one
// with the same hash.
type pairs [1 << 12]pair

type pair struct {
	old, new uint32
	end      uint64 // of stack depths, where the old table ends; else 1. 0 for no pair
}

// at returns where the pair is, or would be, and whether it is there.
func (p *pairs) at(old, new uint32) (at *pair, known bool) {
	at = &p[(uint64(old)<<32|uint64(new))*0x9e3779b97f4a7c15>>(64-12)]
	return at, at.old == old && at.new == new && at.end != 0
}

func (v *verifier) fail(format string, args ...any) error {
	return v.new.errorf(0, "verification: "+format, args...)
}

// memory compares what is loaded, apart from the tables and what refers to them.
func (v *verifier) memory() error {
	o, n := v.old, v.new
	progs, err := v.segments()
	if err != nil {
		return err
	}
	if o.f.Header.Entry != n.f.Header.Entry || o.module != n.module || o.Section.Addr != n.Section.Addr || n.Section.Size > o.Section.Size {
		return v.fail("the programs differ in segments, entry point or the place of their tables")
	}
	err = o.f.Relocations(func(r goelf.Relocation) error {
		if r.Entry != 0 && r.Site-o.module < v.old.layout.Size {
			v.addends = append(v.addends, r.Entry)
		}
		return nil
	})
	if err != nil {
		return err
	}
	end := o.Section.Addr + o.Section.Size
	for i := range o.f.Progs {
		p, q := &o.f.Progs[i], progs[i]
		if p.Type != q.Type || p.Flags != q.Flags || p.Vaddr != q.Vaddr || p.Align != q.Align {
			return v.fail("segment [index %d] differs", i)
		}
		if elf.ProgType(p.Type) != elf.PT_LOAD {
			continue
		}
		if align := max(p.Align, minPage); (q.Off-q.Vaddr)%align != 0 && (p.Off-p.Vaddr)%align == 0 {
			return v.fail("segment [index %d] is at offset %#x, which does not agree with its address %#x", i, q.Off, q.Vaddr)
		}
		a, err := o.f.SegmentData(p)
		if err != nil {
			return err
		}
		b, err := v.contents(q)
		if err != nil {
			return err
		}
		if o.Section.Addr < p.Vaddr || o.Section.Addr >= p.Vaddr+p.Filesz {
			if p.Filesz != q.Filesz || p.Memsz != q.Memsz {
				return v.fail("segment [index %d] has another size", i)
			}
			if err := v.sameBytes(a, b, p.Vaddr); err != nil {
				return err
			}
			continue
		}
		cut, moved := o.Section.Addr-p.Vaddr, p.Filesz-q.Filesz
		if p.Memsz-q.Memsz != moved || moved > end-p.Vaddr-cut-n.Section.Size {
			return v.fail("segment [index %d] has lost %#x bytes", i, moved)
		}
		if err := v.sameBytes(a[:cut], b[:cut], p.Vaddr); err != nil {
			return err
		}
		rest := a[end-p.Vaddr:]
		if err := v.sameBytes(rest, b[len(b)-len(rest):], end); err != nil {
			return err
		}
	}
	return v.modules()
}

// segments returns what in the new program is in the place of each segment of the old one. Where two take the place of the one with the
// tables, that is a header for both: what is between them is where the old tables were.
func (v *verifier) segments() ([]*elf.Prog64, error) {
	o, n := v.old, v.new
	var list []*elf.Prog64
	for i := range n.f.Progs {
		list = append(list, &n.f.Progs[i])
	}
	if len(list) != len(o.f.Progs)+1 {
		if len(list) != len(o.f.Progs) {
			return nil, v.fail("%d program headers, of %d", len(list), len(o.f.Progs))
		}
		return list, nil
	}
	end := o.Section.Addr + o.Section.Size
	for i := range len(list) - 1 {
		low, high := list[i], list[i+1]
		if elf.ProgType(low.Type) != elf.PT_LOAD || low.Vaddr > n.Section.Addr || low.Vaddr+low.Filesz != n.Section.Addr+n.Section.Size {
			continue
		}
		if low.Type != high.Type || low.Flags != high.Flags || low.Align != high.Align || high.Vaddr != end || low.Filesz != low.Memsz {
			return nil, v.fail("segments [index %d] and [index %d] do not come from one", i, i+1)
		}
		both := *low
		both.Filesz = high.Vaddr + high.Filesz - low.Vaddr
		both.Memsz = high.Vaddr + high.Memsz - low.Vaddr
		v.high = high
		list[i] = &both
		return slices.Delete(list, i+1, i+2), nil
	}
	return nil, v.fail("a program header more, and no segment that became two")
}

// contents returns the bytes of a segment of the new program, or of one that segments made of two.
func (v *verifier) contents(p *elf.Prog64) ([]byte, error) {
	if v.high == nil || p.Vaddr+p.Filesz != v.high.Vaddr+v.high.Filesz {
		return v.new.f.SegmentData(p)
	}
	low := *p
	low.Filesz = v.new.Section.Addr + v.new.Section.Size - p.Vaddr
	a, err := v.new.f.SegmentData(&low)
	if err != nil {
		return nil, err
	}
	b, err := v.new.f.SegmentData(v.high)
	if err != nil {
		return nil, err
	}
	out := make([]byte, p.Filesz)
	copy(out, a)
	copy(out[v.high.Vaddr-p.Vaddr:], b)
	return out, nil
}

// sameBytes compares bytes loaded at addr, as addresses were in the old program, but
// not the ELF and program headers, the dynamic section, moduledata and the addends of
// its relocations: those are compared through what Read has of moduledata.
func (v *verifier) sameBytes(a, b []byte, addr uint64) error {
	if len(a) != len(b) {
		return v.fail("%d bytes at %#x, want %d", len(b), addr, len(a))
	}
	type span struct{ start, end uint64 } // in a
	var skipped []span
	skip := func(from, size uint64) {
		start, end := from-min(from, addr), from+size-min(from+size, addr)
		skipped = append(skipped, span{min(start, uint64(len(a))), min(end, uint64(len(a)))})
	}
	skip(v.old.module, v.old.layout.Size)
	for _, entry := range v.addends {
		skip(entry+16, 8)
	}
	f := v.old.f
	for i := range f.Progs {
		p := &f.Progs[i]
		switch t := elf.ProgType(p.Type); {
		case t == elf.PT_DYNAMIC:
			skip(p.Vaddr, p.Filesz)
		case t == elf.PT_LOAD && p.Off == 0:
			skip(p.Vaddr, 64)
			for _, f := range []*goelf.File{f, v.new.f} {
				skip(p.Vaddr+f.Header.Phoff, uint64(len(f.Progs))*goelf.ProgHeaderSize)
				skip(p.Vaddr+f.Header.Shoff, uint64(len(f.Sections))*goelf.SectionHeaderSize)
			}
		}
	}
	slices.SortFunc(skipped, func(x, y span) int { return cmp.Compare(x.start, y.start) })
	at := uint64(0)
	for _, s := range append(skipped, span{uint64(len(a)), uint64(len(a))}) {
		if s.start > at && !bytes.Equal(a[at:s.start], b[at:s.start]) {
			return v.fail("memory from %#x on differs", addr+at)
		}
		at = max(at, s.end)
	}
	return nil
}

// modules compares moduledata, its words about the tables apart: Read has checked
// those.
func (v *verifier) modules() error {
	a, b := v.old.mod, v.new.mod
	layout := v.old.layout
	for off := 0; off < len(a); off += 8 {
		x, y := le.Uint64(a[off:]), le.Uint64(b[off:])
		switch {
		case off < goabi.ModuleMinPC || off == layout.GoFunc || off == layout.PCLnTabEnd || x == y:
			continue
		case off != layout.TypeLinks && off != layout.ItabLinks:
			return v.fail("moduledata differs at offset %d", off)
		}
		// The type and interface links are the same, wherever they are.
		n, unit := le.Uint64(a[off+8:]), uint64(4)
		if off == layout.ItabLinks {
			unit = 8
		}
		if n > 1<<32 {
			return v.fail("moduledata has a count of %d at offset %d", n, off+8)
		}
		p, err := v.old.f.Bytes(x, n*unit)
		if err != nil {
			return err
		}
		q, err := v.new.f.Bytes(y, n*unit)
		if err != nil {
			return err
		}
		if !bytes.Equal(p, q) {
			return v.fail("moduledata refers to other links at offset %d", off)
		}
	}
	return nil
}
