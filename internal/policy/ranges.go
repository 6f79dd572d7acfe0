package policy

import (
	"cmp"
	"debug/elf"
	"slices"
	"sort"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// A loadSegment is a PT_LOAD segment with its bytes in the file.
type loadSegment struct {
	*elf.Prog64
	index int // in File.Progs
	data  []byte
}

func (s loadSegment) has(flag elf.ProgFlag) bool { return elf.ProgFlag(s.Flags)&flag != 0 }

// fileRange returns the addresses of the segment's bytes in the file.
func (s loadSegment) fileRange() gobin.Range {
	return gobin.Range{Start: s.Vaddr, End: s.Vaddr + s.Filesz}
}

// A loadTable is the PT_LOAD segments of a file, in ascending order of address
// and without overlap: package elf refuses others. Files may have a thousand
// segments and a million sections, so look-ups are by binary search.
type loadTable []loadSegment

func loads(f *goelf.File) loadTable {
	var out loadTable
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD {
			continue
		}
		if data, err := f.SegmentData(p); err == nil { // Parse has checked that they are in the file
			out = append(out, loadSegment{p, i, data})
		}
	}
	return out
}

// find returns the segment whose memory holds all size bytes at addr.
func (t loadTable) find(addr, size uint64) (loadSegment, bool) {
	i := sort.Search(len(t), func(i int) bool { return t[i].Vaddr > addr }) - 1
	if i < 0 {
		return loadSegment{}, false
	}
	s := t[i]
	return s, size <= s.Memsz && addr-s.Vaddr <= s.Memsz-size
}

// byOffset returns the segments in ascending order of file offset.
func (t loadTable) byOffset() loadTable {
	t = slices.Clone(t)
	slices.SortStableFunc(t, func(a, b loadSegment) int { return cmp.Compare(a.Off, b.Off) })
	return t
}

// addresses returns where the size bytes at file offset off are in memory, as far
// as one segment holds them. t is in the order of byOffset.
func (t loadTable) addresses(off, size uint64) gobin.Range {
	i := sort.Search(len(t), func(i int) bool { return t[i].Off > off }) - 1
	if i < 0 || off-t[i].Off >= t[i].Filesz {
		return gobin.Range{}
	}
	skip := off - t[i].Off
	start := t[i].Vaddr + skip
	return gobin.Range{Start: start, End: start + min(size, t[i].Filesz-skip)}
}

// A rangeSet is ranges in ascending order without overlap.
type rangeSet []gobin.Range

// newRangeSet sorts and merges rs.
func newRangeSet(rs []gobin.Range) rangeSet {
	rs = slices.DeleteFunc(rs, func(r gobin.Range) bool { return r.Start >= r.End })
	slices.SortFunc(rs, func(a, b gobin.Range) int { return cmp.Compare(a.Start, b.Start) })
	var out rangeSet
	for _, r := range rs {
		if n := len(out); n > 0 && r.Start <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, r.End)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// without returns the parts of r that are not in the set, ascending.
func (set rangeSet) without(r gobin.Range) []gobin.Range {
	var out []gobin.Range
	i := sort.Search(len(set), func(i int) bool { return set[i].End > r.Start })
	for ; i < len(set) && set[i].Start < r.End; i++ {
		if r.Start < set[i].Start {
			out = append(out, gobin.Range{Start: r.Start, End: set[i].Start})
		}
		r.Start = set[i].End
	}
	if r.Start < r.End {
		out = append(out, r)
	}
	return out
}
