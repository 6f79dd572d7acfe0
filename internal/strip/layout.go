package strip

import (
	"cmp"
	"debug/elf"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// A layout is the plan of the output file: the body of the input (see the
// package comment), some ranges of it zeroed, with things placed over it and
// after it.
type layout struct {
	body   uint64 // its size in bytes
	zeroed []span // ascending, disjoint
	placed []placed
	end    uint64 // size of the file in bytes
}

// placed is something that has got its place, at file offset off.
type placed struct {
	off uint64
	source
}

func (l *layout) put(off uint64, s source) {
	if n := s.size(); n > 0 {
		l.placed = append(l.placed, placed{off, s})
		l.end = max(l.end, off+n)
	}
}

// layOut gives every section and the section header table its place.
func (s *stripper) layOut(sections []section) *layout {
	end := s.bodyEnd()
	l := &layout{body: end, end: end}

	table := s.sectionHeaders()
	tableFixed := false
	holes := []span{}
	for _, seg := range s.segments() {
		tableFixed = tableFixed || (table.end > table.off && seg.contains(table))
	}
	if table.off < end {
		l.zeroed = append(l.zeroed, table)
		if !tableFixed {
			holes = append(holes, table)
		}
	}
	for i := range s.f.Sections {
		sec := &s.f.Sections[i]
		if hasContents(sec) && !isAlloc(sec) && sec.Off < end && !s.inSegment(sec) {
			l.zeroed = append(l.zeroed, sectionSpan(sec))
			holes = append(holes, sectionSpan(sec))
		}
	}
	slices.SortFunc(l.zeroed, func(a, b span) int { return cmp.Compare(a.off, b.off) })
	room := newRoom(holes, end)

	for i := range sections {
		sec := &sections[i]
		if t := elf.SectionType(sec.header.Type); sec.fixed || t == elf.SHT_NULL || t == elf.SHT_NOBITS {
			continue
		}
		sec.header.Off = room.take(sec.source.size(), max(sec.header.Addralign, 1))
		l.put(sec.header.Off, sec.source)
	}

	header := s.f.Header
	header.Shnum, header.Shoff = uint16(len(sections)), 0
	header.Shstrndx = s.shstrndx()
	if n := uint64(len(sections)) * goelf.SectionHeaderSize; n > 0 {
		if tableFixed && n <= table.end-table.off {
			header.Shoff = table.off
		} else {
			header.Shoff = room.take(n, 8)
		}
		l.put(header.Shoff, source{data: encodeSections(sections)})
	}
	l.put(0, source{data: goelf.Encode(header)})
	return l
}

func (s *stripper) inSegment(sec *goelf.Section) bool {
	for _, seg := range s.segments() {
		if seg.contains(sectionSpan(sec)) {
			return true
		}
	}
	return false
}

// shstrndx returns the index of the section name table in the output.
func (s *stripper) shstrndx() uint16 {
	n := uint16(0)
	for i := range s.f.Shstrndx {
		if s.keep[i] {
			n++
		}
	}
	return n
}

// A room hands out places: in holes first, then at the end.
type room struct {
	holes []span
	end   uint64
}

func newRoom(holes []span, end uint64) *room {
	slices.SortFunc(holes, func(a, b span) int { return cmp.Compare(a.off, b.off) })
	r := &room{end: end}
	for _, h := range holes {
		if n := len(r.holes); n > 0 && r.holes[n-1].end == h.off {
			r.holes[n-1].end = h.end
		} else {
			r.holes = append(r.holes, h)
		}
	}
	return r
}

// take returns the first place for size bytes at a multiple of align, which is
// at most maxAlign.
func (r *room) take(size, align uint64) uint64 {
	if size > 0 {
		for i := range r.holes {
			h := &r.holes[i]
			if off := goelf.AlignUp(h.off, align); off <= h.end && size <= h.end-off {
				h.off = off + size
				return off
			}
		}
		r.end = goelf.AlignUp(r.end, align) + size
	}
	return r.end - size
}

var zeros [64 << 10]byte

// output lines the plan up as pieces.
func (l *layout) output() *Output {
	slices.SortFunc(l.placed, func(a, b placed) int { return cmp.Compare(a.off, b.off) })
	o := &Output{Size: l.end}
	at, zeroed := uint64(0), l.zeroed
	zero := func(to uint64) {
		for at < to {
			n := min(to-at, uint64(len(zeros)))
			o.Pieces = append(o.Pieces, Piece{Data: zeros[:n], Size: n})
			at += n
		}
	}
	body := func(to uint64) {
		if at < to {
			o.Pieces = append(o.Pieces, Piece{Off: at, Size: to - at})
			at = to
		}
	}
	fill := func(to uint64) {
		inBody := min(to, l.body)
		for len(zeroed) > 0 && zeroed[0].off < inBody {
			body(zeroed[0].off)
			zero(min(zeroed[0].end, inBody))
			if zeroed[0].end > inBody {
				break // the rest of this range comes after what is placed next
			}
			zeroed = zeroed[1:]
		}
		body(inBody)
		zero(to)
	}
	for i := range l.placed {
		p := &l.placed[i]
		fill(p.off)
		o.Pieces = append(o.Pieces, Piece{p.data, p.input.off, p.size()})
		at += p.size()
	}
	fill(l.end)
	return o
}

func encodeSections(sections []section) []byte {
	var b []byte
	for i := range sections {
		b = append(b, goelf.Encode(sections[i].header)...)
	}
	return b
}
