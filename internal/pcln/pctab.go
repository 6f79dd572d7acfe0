package pcln

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/go3s/rules_go3s/internal/hugepages"
	"github.com/go3s/rules_go3s/internal/radix"
)

// # How pcvalue tables share bytes
//
// The runtime reads a pcvalue table up to the instruction that it looks for
// (runtime/symtab.go, pcvalue), so what follows the run that reaches the end
// of the function is never read, and that run may be longer than the function. Such a pcvalue table is
// open: it needs no end, and it is wherever its bytes do and a number follows that is large enough
// for the length of its last run. Pcvalue tables of stack depths are closed, since
// funcMaxSPDelta reads them to their end, and so are those of files and lines, for the sake of
// debug/gosym, which looks for the instructions of a line, and those of inlined calls where functions have their names, since
// govulncheck counts the calls by reading to the end.
//
// A table that is found in another one is not written. That is 0.02 % of a program: 1.2 KB of 5.8 MB, 11 KB of 58 MB; most of what can be
// shared is equal as a whole. The others are in the
// order of the functions that need them first: offsets of neighbours differ by little
// then, which packing likes. Short ones move into words of the records that nobody reads.

// A hole is a run of bytes after pctab that nobody reads.
type hole struct{ off, len int }

// A fill is what goes into a hole.
type fill struct {
	off  int
	text []byte
}

// A pcTab builds a pctab.
type pcTab struct {
	heads   interner // by id: of a closed pcvalue table all bytes, of an open one those before the length of the last run
	need    []uint64 // by id: of an open pcvalue table the least length of the last run, in units; 0 for a closed one
	offsets []uint32 // by id, once finished
	data    []byte   // once finished
}

// newPCTab returns an empty one in the place of a pctab of size bytes, for count functions.
func newPCTab(size, count int) pcTab {
	const perFunction = 4 // pcvalue tables: some have more, many share theirs
	return pcTab{heads: newInterner(size, perFunction*count, maxVarint), need: hugepages.Unset[uint64](perFunction * count)[:0]}
}

// Tags of heads.
const (
	closedPCValue = iota
	openPCValue
)

// add adds a pcvalue table and returns its id. Open pcvalue tables that differ in the length of the last run only are one.
func (t *pcTab) add(head []byte, need uint64) int32 {
	tag := uint32(closedPCValue)
	if need > 0 {
		tag = openPCValue
	}
	id := t.heads.add(head, tag)
	if id == len(t.need) {
		t.need = append(t.need, 0)
	}
	t.need[id] = max(t.need[id], need)
	return int32(id)
}

// A pcValue is a pcvalue table of the pctab that is being built.
type pcValue struct {
	from, to uint32 // where its bytes are among those of all
	head     uint32 // the length of its head
	slot     int32  // of pcValueSearch, that of what it begins with; -1 for none
}

// pcValues ends the open pcvalue tables, and returns all by id and their bytes.
func (t *pcTab) pcValues() (list []pcValue, all []byte) {
	t.heads.data = slices.Grow(t.heads.data, searchPad)
	all = t.heads.data[:len(t.heads.data)+searchPad]
	list = hugepages.Unset[pcValue](len(t.need))
	for id, need := range t.need {
		text := t.heads.bytes(id)
		x := &list[id]
		x.from, x.head = uint32(t.heads.list[id].start), uint32(len(text))
		if need > 0 {
			text = binary.AppendUvarint(text, longest(need)) // in the room after it
		}
		x.to = x.from + uint32(len(text))
	}
	return list, all
}

// sorted returns the ids of pcvalue tables: longer before shorter ones, which may be in them, and then by their bytes.
func sorted(pcValues []pcValue, all []byte) []radix.Item {
	order := hugepages.Unset[radix.Item](len(pcValues))
	for id := range pcValues {
		x := &pcValues[id]
		first, n := binary.BigEndian.Uint64(all[x.from:]), x.to-x.from
		if n < 8 {
			first &^= 1<<(64-8*n) - 1
		}
		const most = 1<<16 - 1
		order[id] = radix.Item{Key: uint64(most-min(n, most))<<48 | first>>16, ID: int32(id)}
	}
	radix.Sort(order, func(a, b int32) int {
		x, y := all[pcValues[a].from:pcValues[a].to], all[pcValues[b].from:pcValues[b].to]
		return cmp.Or(len(y)-len(x), bytes.Compare(x, y), int(a-b))
	})
	return order
}

// A root is a pcvalue table that is written; others may be found in it.
type root struct {
	from, to uint32 // its bytes among those of all
	hole     int32  // where it goes, as hole.off; -1 for pctab itself
	off      uint32 // once it is written
}

// finish lays the pcvalue tables out, some in holes of what follows pctab at the next multiple of align. It returns
// what to write there.
func (t *pcTab) finish(holes []hole, align int) []fill {
	pcValues, all := t.pcValues()
	roots := hugepages.Unset[root](len(pcValues))[:0]
	rooms := newRooms(holes)
	type place struct{ root, delta uint32 }
	places := hugepages.Unset[place](len(pcValues))
	search := newPCValueSearch(all, pcValues)
	size := 1
	for _, o := range sorted(pcValues, all) {
		x := &pcValues[o.ID]
		if n, at, ok := search.find(x, t.need[o.ID], roots); ok {
			places[o.ID] = place{n, at - roots[n].from}
			continue
		}
		places[o.ID] = place{uint32(len(roots)), 0}
		search.add(x, uint32(len(roots)))
		roots = append(roots, root{from: x.from, to: x.to, hole: int32(rooms.take(int(x.to - x.from)))})
		size += int(x.to - x.from)
	}

	t.data = append(hugepages.Unset[byte](size)[:0], 0) // offset 0 stands for no pcvalue table
	for _, p := range places {
		if r := &roots[p.root]; r.hole < 0 && r.off == 0 {
			r.off = uint32(len(t.data))
			t.data = append(t.data, all[r.from:r.to]...)
		}
	}
	after := (len(t.data) + align - 1) / align * align
	var fills []fill
	for n := range roots {
		if r := &roots[n]; r.hole >= 0 {
			r.off = uint32(after) + uint32(r.hole)
			fills = append(fills, fill{int(r.hole), all[r.from:r.to]})
		}
	}
	t.offsets = make([]uint32, len(pcValues))
	for id, p := range places {
		t.offsets[id] = roots[p.root].off + p.delta
	}
	return fills
}

// A pcValueSearch finds pcvalue tables in those added before. A filter finds out most of the places where none begins, a table of what
// pcvalue tables begin with the others.
type pcValueSearch struct {
	all    []byte       // bytes of all pcvalue tables
	filter []uint64     // two bits for the hash of each key
	shift  uint         // from a hash to an index in filter
	slots  []searchSlot // by hash. The length is a power of two
	places []searchPlace
}

// A searchSlot is what pcvalue tables begin with, and where that is.
type searchSlot struct {
	key    uint64 // 0 for none
	latest uint32 // index in places and 1 of the latest place; 0 for none
	left   uint32 // pcvalue tables that begin so and are still to be found
}

// A searchPlace is where bytes that a pcvalue table begins with are.
type searchPlace struct {
	at, root uint32 // in all, and in which root
	next     uint32 // bytes after the key
	before   uint32 // latest of the slot, when it was another place
}

const (
	shortest    = 3                   // bytes of the head of a pcvalue table that is found
	shortKey    = 1<<(8*shortest) - 1 // what it is found by of its first bytes, if its head has fewer than 8 of them
	searchTries = 1 << 12             // places that are tried for one pcvalue table
	searchPad   = 8                   // so that as many bytes can be read at each place
)

func searchHash(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 }

// newPCValueSearch returns a search for pcvalue tables. Their bytes are in all.
func newPCValueSearch(all []byte, pcValues []pcValue) *pcValueSearch {
	n := max(bits.Len(uint(len(pcValues))), 3)
	s := &pcValueSearch{all: all, slots: hugepages.Slice[searchSlot](1 << n), filter: hugepages.Words(1 << (n - 2)), shift: uint(64 - (n - 2)),
		places: hugepages.Unset[searchPlace](3 * len(pcValues))[:0]}
	for i := range pcValues {
		x := &pcValues[i]
		x.slot = -1
		key := le.Uint64(all[x.from:])
		if x.head < 8 {
			key &= shortKey
		}
		if x.head >= shortest && key != 0 {
			x.slot = s.slot(key)
			s.slots[x.slot].key = key
			s.slots[x.slot].left++
			word, bits := s.filtered(key)
			*word |= bits
		}
	}
	return s
}

// slot returns the index of key in slots, or of the empty one where it would be.
func (s *pcValueSearch) slot(key uint64) int32 {
	mask := len(s.slots) - 1
	at := int(searchHash(key)>>32) & mask
	for s.slots[at].key != key && s.slots[at].key != 0 {
		at = (at + 1) & mask
	}
	return int32(at)
}

// add adds the places in x, which becomes the given root.
func (s *pcValueSearch) add(x *pcValue, root uint32) {
	text := s.all[x.from : x.to+searchPad]
	for i := range max(len(text)-searchPad-shortest+1, 0) {
		key := le.Uint64(text[i:])
		if s.maybe(key & shortKey) {
			s.keep(key&shortKey, uint32(key>>(8*shortest)), x.from+uint32(i), root)
		}
		if s.maybe(key) && i+searchPad+8 <= len(text) {
			s.keep(key, le.Uint32(text[i+8:]), x.from+uint32(i), root)
		}
	}
}

// maybe reports whether the filter lets key through.
func (s *pcValueSearch) maybe(key uint64) bool {
	word, bits := s.filtered(key)
	return *word&bits == bits
}

// filtered returns the word of the filter that key sets bits of, and those bits.
func (s *pcValueSearch) filtered(key uint64) (word *uint64, bits uint64) {
	h := searchHash(key)
	return &s.filter[h>>(s.shift%64)], 1<<(h>>32%64) | 1<<(h>>26%64)
}

// keep keeps the place at in root if a pcvalue table begins with key that is still to be found.
func (s *pcValueSearch) keep(key uint64, next, at, root uint32) {
	if slot := &s.slots[s.slot(key)]; slot.left > 0 {
		s.places = append(s.places, searchPlace{at, root, next, slot.latest})
		slot.latest = uint32(len(s.places))
	}
}

// find returns the root that was added and that x is in, and where it is. If x is open, need is the least length of its last run. It is
// called once for each table.
func (s *pcValueSearch) find(x *pcValue, need uint64, roots []root) (n, at uint32, ok bool) {
	if x.slot < 0 {
		return 0, 0, false
	}
	slot := &s.slots[x.slot]
	slot.left--
	head := s.all[x.from:][:x.head]
	known := uint32(8) // bytes in the key
	if x.head < known {
		known = shortest
	}
	next, mask := le.Uint32(s.all[x.from+known:]), uint32(1)<<(8*min(x.head-known, 4))-1
	p := slot.latest
	for try := 0; p > 0 && try < searchTries; try++ {
		place := &s.places[p-1]
		if b := s.all[place.at:roots[place.root].to]; (place.next^next)&mask == 0 && bytes.HasPrefix(b, head) {
			if v, n := uvarint(b[len(head):]); need == 0 || n > 0 && uint64(v) >= need {
				return place.root, place.at, true
			}
		}
		p = place.before
	}
	return 0, 0, false
}

// rooms allocates space in holes, best fit.
type rooms [][]int

func newRooms(holes []hole) rooms {
	var r rooms
	for _, h := range slices.Backward(holes) {
		r.put(h)
	}
	return r
}

func (r *rooms) put(h hole) {
	for len(*r) <= h.len {
		*r = append(*r, nil)
	}
	(*r)[h.len] = append((*r)[h.len], h.off)
}

// take returns the offset of n bytes in the smallest hole that has so many, -1 when there is none.
func (r *rooms) take(n int) int {
	for l := n; l < len(*r); l++ {
		if list := (*r)[l]; len(list) > 0 {
			off := list[len(list)-1]
			(*r)[l] = list[:len(list)-1]
			if l > n {
				r.put(hole{off + n, l - n})
			}
			return off
		}
	}
	return -1
}
