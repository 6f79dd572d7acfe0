package pcln

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"strings"
)

// # How streams share bytes
//
// The runtime reads a stream up to the instruction that it looks for
// (runtime/symtab.go, pcvalue), so what follows the run that reaches the end
// of the function is never read, and that run may be longer than the function. Such a stream is
// open: it needs no end, and it is wherever its bytes do and a number follows that is large enough
// for the length of its last run. Streams of stack depths are closed, since
// funcMaxSPDelta reads them to their end, and so are those of files and lines, for the sake of
// debug/gosym, which looks for the instructions of a line, and those of inlined calls where functions have their names, since
// govulncheck counts the calls by reading to the end.
//
// A stream that is found in another one is not written. The others are in the
// order of the functions that need them first: offsets of neighbours differ by little
// then, which packing likes. Short ones move into words of the records that nobody reads.

// A stream is one of the pctab that is being built.
type stream struct {
	head string // of a closed one all bytes, of an open one those before the length of the last run
	need uint64 // of an open one the least length of the last run, in units; 0 for a closed one
}

// text returns the bytes of s.
func (s *stream) text() string {
	if s.need == 0 {
		return s.head
	}
	return s.head + string(binary.AppendUvarint(nil, longest(s.need)))
}

// startsAt reports whether b begins with s.
func (s *stream) startsAt(b []byte) bool {
	if len(b) < len(s.head) || string(b[:len(s.head)]) != s.head {
		return false
	}
	if s.need == 0 {
		return true
	}
	v, n := uvarint(b[len(s.head):])
	return n > 0 && uint64(v) >= s.need
}

// A hole is a run of bytes after pctab that nobody reads.
type hole struct{ off, len int }

// A fill is what goes into a hole.
type fill struct {
	off  int
	text string
}

// A pcTab builds a pctab.
type pcTab struct {
	ids     map[streamKey]int
	list    []stream
	offsets []uint32 // by id, once finished
	data    []byte   // once finished
}

type streamKey struct {
	head string
	open bool
}

// add adds a stream and returns its id. Open streams that differ in the length of the last run only are one.
func (t *pcTab) add(head []byte, need uint64) int {
	key := streamKey{string(head), need > 0}
	id, ok := t.ids[key]
	if !ok {
		if t.ids == nil {
			t.ids = map[streamKey]int{}
		}
		id = len(t.list)
		t.ids[key] = id
		t.list = append(t.list, stream{head: key.head})
	}
	t.list[id].need = max(t.list[id].need, need)
	return id
}

// A root is a stream that is written; others may be found in it.
type root struct {
	text  string
	first int // the least id of those found in it
	hole  int // where it goes, as hole.off; -1 for pctab itself
	off   uint32
}

// finish lays the streams out, some in holes of what follows pctab at the next multiple of align. It returns
// what to write there.
func (t *pcTab) finish(holes []hole, align int) []fill {
	texts := make([]string, len(t.list))
	order := make([]int, len(t.list))
	size := 0
	for id := range t.list {
		texts[id], order[id] = t.list[id].text(), id
		size += len(texts[id])
	}
	// Longer before shorter ones, which may be in them.
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(len(texts[b]), len(texts[a])), strings.Compare(texts[a], texts[b]), cmp.Compare(a, b))
	})
	var roots []root
	rooms := newRooms(holes)
	type place struct{ root, delta int }
	places := make([]place, len(t.list))
	search := newStreamSearch(size)
	for _, id := range order {
		n, delta, ok := search.find(&t.list[id])
		if !ok {
			n, delta = len(roots), 0
			roots = append(roots, root{texts[id], id, rooms.take(len(texts[id])), 0})
			search.add(texts[id])
		}
		places[id] = place{n, delta}
		roots[n].first = min(roots[n].first, id)
	}

	byUse := make([]*root, len(roots))
	for n := range roots {
		byUse[n] = &roots[n]
	}
	slices.SortFunc(byUse, func(a, b *root) int { return cmp.Compare(a.first, b.first) })
	t.data = []byte{0} // offset 0 stands for no stream
	for _, r := range byUse {
		if r.hole < 0 {
			r.off = uint32(len(t.data))
			t.data = append(t.data, r.text...)
		}
	}
	after := (len(t.data) + align - 1) / align * align
	var fills []fill
	for _, r := range byUse {
		if r.hole >= 0 {
			r.off = uint32(after + r.hole)
			fills = append(fills, fill{r.hole, r.text})
		}
	}
	t.offsets = make([]uint32, len(t.list))
	for id, p := range places {
		t.offsets[id] = roots[p.root].off + uint32(p.delta)
	}
	return fills
}

// A streamSearch finds streams in those added before.
type streamSearch struct {
	data    []byte
	starts  []int // of what was added, in data
	indexes [len(searchKeys)]streamIndex
}

// A streamIndex has the places in the data by the hash of the bytes there.
type streamIndex struct {
	latest []int32 // place+1 of the latest bytes with that hash, 0 for none
	before []int32 // by place, that of the one before with the same hash
}

// searchKeys are how many bytes of a stream it is found by: the most that it has. A shorter one is not found.
var searchKeys = [...]int{3, 8}

const (
	searchBits  = 16
	searchTries = 1 << 12 // places that are tried for one stream
)

// searchHash returns a hash of the first key bytes of b.
func searchHash(b string, key int) uint32 {
	h := uint64(0)
	for i := range key {
		h = h<<8 | uint64(b[i])
	}
	return uint32(h * 0x9e3779b97f4a7c15 >> (64 - searchBits))
}

// newStreamSearch returns a search in streams of at most size bytes together.
func newStreamSearch(size int) *streamSearch {
	s := &streamSearch{data: make([]byte, 0, size)}
	for i := range s.indexes {
		s.indexes[i] = streamIndex{make([]int32, 1<<searchBits), make([]int32, size)}
	}
	return s
}

func (s *streamSearch) add(text string) {
	start := len(s.data)
	s.starts = append(s.starts, start)
	s.data = append(s.data, text...)
	for n, key := range searchKeys {
		x := &s.indexes[n]
		for i := 0; i+key <= len(text); i++ {
			h := searchHash(text[i:], key)
			x.before[start+i] = x.latest[h]
			x.latest[h] = int32(start+i) + 1
		}
	}
}

// find returns the number of an added text that x is in, and where it is in that.
func (s *streamSearch) find(x *stream) (n, delta int, ok bool) {
	k := len(searchKeys) - 1
	for k >= 0 && len(x.head) < searchKeys[k] {
		k--
	}
	if k < 0 {
		return 0, 0, false
	}
	index := &s.indexes[k]
	at := int(index.latest[searchHash(x.head, searchKeys[k])])
	for try := 0; at > 0 && try < searchTries; try++ {
		at--
		if x.startsAt(s.data[at:]) {
			n := sort.SearchInts(s.starts, at+1) - 1
			end := len(s.data)
			if n+1 < len(s.starts) {
				end = s.starts[n+1]
			}
			// What follows a text in the data does not follow it in the output.
			if x.startsAt(s.data[at:end]) {
				return n, at - s.starts[n], true
			}
		}
		at = int(index.before[at])
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
