package pack

import (
	"cmp"
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// A Part is what a part of the original's memory takes in the packed file.
type Part struct {
	Name      string // of the section, and what of it
	Size      int    // bytes in memory
	Sequences int    // matches that begin there
	Far       int    // of those, with an offset of more than 64 KiB
	Literals  int    // bytes that no match covers
	Packed    int    // bytes of the payload: the literals, and tokens, lengths and offsets of the matches
}

// An Anatomy says where the bytes of a packed file are.
type Anatomy struct {
	Parts    []Part // in the order of their addresses, what is between them last
	Unpacker int    // bytes of code
	Filters  int    // bytes of their lists: where the places are
	Rest     int    // bytes of what is in the original file and not in its memory
	Others   int    // bytes of headers, notes, build information, tables and padding
}

// A contents is a packed file taken apart.
type contents struct {
	original *goelf.File
	note     *packNote
	packed   []byte // the payload
	header   *unpacker.Header
}

// open takes the packed file f apart. It fails as Unpack does.
func open(f *goelf.File) (*contents, error) {
	original, err := Unpack(f)
	if err != nil {
		return nil, err
	}
	o, err := goelf.Parse(f.Name, original)
	if err != nil {
		return nil, err
	}
	n, err := findNote(f)
	if err != nil {
		return nil, err
	}
	packed := words(f.Data[n.Header:n.End])
	return &contents{o, n, packed, unpacker.Check(packed)}, nil
}

// each calls visit for each sequence: at is where it begins, in bytes from the image's first one.
func (c *contents) each(visit func(at, literals, length, offset, extra int)) error {
	for _, b := range c.header.Blocks() {
		at := int(b.Start)
		err := sequences(c.packed[b.Data:b.Data+b.Packed], func(literals, length, offset, extra int) {
			visit(at, literals, length, offset, extra)
			at += literals + length
		})
		if err != nil {
			return fmt.Errorf("%s: block of %#x: %w", c.original.Name, b.Start, err)
		}
	}
	return nil
}

// Dissect returns the anatomy of the packed file f. It fails as Unpack does.
func Dissect(f *goelf.File) (*Anatomy, error) {
	c, err := open(f)
	if err != nil {
		return nil, err
	}
	a := &Anatomy{Rest: int(c.note.RestPacked)}
	if text := f.Section(".text"); text != nil {
		a.Unpacker = int(text.Size)
	}
	for _, filter := range c.header.Filters() {
		a.Filters += int(filter.ListSize)
	}
	parts := partsOf(c.original, c.header)
	err = c.each(func(at, literals, length, offset, extra int) {
		p := partAt(parts, at+literals)
		p.Packed += extra
		for i := range literals {
			q := partAt(parts, at+i)
			q.Literals++
			q.Packed++
		}
		if length > 0 {
			p.Sequences++
		}
		if offset > maxOffset {
			p.Far++
		}
	})
	if err != nil {
		return nil, err
	}
	a.Others = len(f.Data) - a.Unpacker - a.Filters - a.Rest
	between := Part{Name: padding}
	for _, p := range parts {
		a.Others -= p.Packed
		if p.Name == padding {
			between.Add(p.Part)
		} else if p.Size > 0 {
			a.Parts = append(a.Parts, p.Part)
		}
	}
	a.Parts = append(a.Parts, between)
	return a, nil
}

// Spread returns the original of the packed file f, and a function that says how many bytes of the payload its parts take. starts are the
// addresses in the original's memory where parts begin, ascending; each ends where the next one begins. What comes before all of them
// counts for none.
func Spread(f *goelf.File) (original *goelf.File, spread func(starts []uint64) ([]uint64, error), err error) {
	c, err := open(f)
	if err != nil {
		return nil, nil, err
	}
	return c.original, func(starts []uint64) ([]uint64, error) {
		packed := make([]uint64, len(starts))
		add := func(at int, n uint64) {
			i, found := slices.BinarySearch(starts, c.header.Base+uint64(at))
			if !found {
				i--
			}
			if i >= 0 {
				packed[i] += n
			}
		}
		err := c.each(func(at, literals, length, offset, extra int) {
			for i := range literals {
				add(at+i, 1)
			}
			add(at+literals, uint64(extra))
		})
		return packed, err
	}, nil
}

// padding is the name of what is in no section.
const padding = "padding"

// Add adds the numbers of q.
func (p *Part) Add(q Part) {
	p.Size += q.Size
	p.Sequences += q.Sequences
	p.Far += q.Far
	p.Literals += q.Literals
	p.Packed += q.Packed
}

// A placed part begins at a distance in bytes from the image's first byte, and ends where
// the next one begins.
type placed struct {
	Part
	start int
}

func partAt(parts []placed, at int) *placed {
	i, found := slices.BinarySearchFunc(parts, at, func(p placed, at int) int { return cmp.Compare(p.start, at) })
	if !found {
		i--
	}
	return &parts[i]
}

// partsOf returns the parts of the original o, at least one, the first at 0. What is in
// no section has the name padding.
func partsOf(o *goelf.File, h *unpacker.Header) []placed {
	parts := []placed{{Part{Name: "headers"}, 0}}
	add := func(name string, addr uint64) {
		if addr >= h.Base && addr-h.Base < h.Image {
			parts = append(parts, placed{Part{Name: name}, int(addr - h.Base)})
		}
	}
	loaded := func(f func(s *goelf.Section)) {
		for i := range o.Sections {
			if s := &o.Sections[i]; s.Flags&uint64(elf.SHF_ALLOC) != 0 && elf.SectionType(s.Type) != elf.SHT_NOBITS {
				f(s)
			}
		}
	}
	loaded(func(s *goelf.Section) { add(padding, s.Addr+s.Size) })
	loaded(func(s *goelf.Section) { add(s.Str, s.Addr) })
	if table, err := gobin.ReadFuncTable(o); err == nil {
		if head, err := o.Bytes(table.Addr, goabi.PCHeaderFuncTab+8); err == nil {
			for i, name := range []string{"function names", "compilation units", "file names", "pc tables", "functab and _func"} {
				add(".gopclntab: "+name, table.Addr+le.Uint64(head[goabi.PCHeaderFuncNames+8*i:]))
			}
		}
		if m, err := gobin.ReadModule(o, table); err == nil {
			add("type descriptors", m.Types.Start)
			add(".data.rel.ro: after types", m.Types.End)
		}
	}
	// What was added later tells more of the same place.
	slices.SortStableFunc(parts, func(a, b placed) int { return cmp.Compare(a.start, b.start) })
	var list []placed
	for _, p := range parts {
		if n := len(list); n > 0 && list[n-1].start == p.start {
			list[n-1] = p
		} else {
			list = append(list, p)
		}
	}
	for i := range list {
		end := int(h.Image)
		if i+1 < len(list) {
			end = list[i+1].start
		}
		list[i].Size = end - list[i].start
	}
	return list
}

// sequences calls f for each sequence of a block, which the unpacker has decoded: the numbers of
// literals and of bytes of the match, its offset, and the number of bytes besides the
// literals. The last one has no match.
func sequences(block []byte, f func(literals, length, offset, extra int)) error {
	at := 0
	next := func() int {
		at++
		return int(block[at-1])
	}
	extend := func(n int) int {
		for more := n == longLength; more; {
			b := next()
			n += b
			more = b == 255
		}
		return n
	}
	for {
		start := at
		token := next()
		literals := extend(token >> 4)
		if at += literals; at >= len(block) {
			if at > len(block) {
				return fmt.Errorf("%d literals beyond its end", at-len(block))
			}
			f(literals, 0, 0, at-start-literals)
			return nil
		}
		offset := next() | next()<<8
		if offset == 0 {
			offset = next() | next()<<8 | next()<<16
		}
		length := extend(token&longLength) + minMatch
		f(literals, length, offset, at-start-literals)
	}
}
