package main

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// A part is what a part of the original's memory takes in the packed file.
type part struct {
	Name      string // of the section, and what of it
	Size      int    // bytes in memory
	Sequences int    // matches that begin there
	Far       int    // of those, with an offset of more than 64 KiB
	Literals  int    // bytes that no match covers
	Packed    int    // bytes of the payload: the literals, and tokens, lengths and offsets of the matches
}

// An anatomy says where the bytes of a packed file are.
type anatomy struct {
	Parts    []part // in the order of their addresses, what is between them last
	Unpacker int    // bytes of code
	Filters  int    // bytes of their lists: where the places are
	Rest     int    // bytes of what is in the original file and not in its memory
	Others   int    // bytes of headers, notes, build information, tables and padding
}

// maxOffset is the greatest offset of a match that takes two bytes.
const maxOffset = 1<<16 - 1

// dissect returns the anatomy of the packed file f. It fails as pack.Unpack does.
func dissect(f *goelf.File) (*anatomy, error) {
	c, err := pack.Open(f)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	a := &anatomy{Rest: int(c.Rest)}
	if text := f.Section(".text"); text != nil {
		a.Unpacker = int(text.Size)
	}
	for _, filter := range c.Header.Filters() {
		a.Filters += int(filter.ListSize)
	}
	parts := partsOf(c.Original, c.Header)
	err = c.Each(func(s pack.Sequence) {
		p := partAt(parts, s.At+s.Literals)
		p.Packed += s.Extra
		for i := range s.Literals {
			q := partAt(parts, s.At+i)
			q.Literals++
			q.Packed++
		}
		if s.Match > 0 {
			p.Sequences++
		}
		if s.Offset > maxOffset {
			p.Far++
		}
	})
	if err != nil {
		return nil, err
	}
	a.Others = len(f.Data) - a.Unpacker - a.Filters - a.Rest
	between := part{Name: padding}
	for _, p := range parts {
		a.Others -= p.Packed
		if p.Name == padding {
			between.add(p.part)
		} else if p.Size > 0 {
			a.Parts = append(a.Parts, p.part)
		}
	}
	a.Parts = append(a.Parts, between)
	return a, nil
}

// padding is the name of what is in no section.
const padding = "padding"

// add adds the numbers of q.
func (p *part) add(q part) {
	p.Size += q.Size
	p.Sequences += q.Sequences
	p.Far += q.Far
	p.Literals += q.Literals
	p.Packed += q.Packed
}

// A placed part begins at a distance in bytes from the image's first byte, and ends where
// the next one begins.
type placed struct {
	part
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
	parts := []placed{{part{Name: "headers"}, 0}}
	add := func(name string, addr uint64) {
		if addr >= h.Base && addr-h.Base < h.Image {
			parts = append(parts, placed{part{Name: name}, int(addr - h.Base)})
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
			for i, name := range []string{"function names", "compilation units", "file names", "pcvalue tables", "functab and _func"} {
				add(".gopclntab: "+name, table.Addr+binary.LittleEndian.Uint64(head[goabi.PCHeaderFuncNames+8*i:]))
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
