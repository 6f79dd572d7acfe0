package pcln

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/go3s/rules_go3s/internal/hugepages"
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

// A hole is a run of bytes after pctab that nobody reads.
type hole struct{ off, len int }

// A fill is what goes into a hole.
type fill struct {
	off  int
	text []byte
}

// A pcTab builds a pctab.
type pcTab struct {
	heads   interner // by id: of a closed stream all bytes, of an open one those before the length of the last run
	need    []uint64 // by id: of an open stream the least length of the last run, in units; 0 for a closed one
	offsets []uint32 // by id, once finished
	data    []byte   // once finished
}

// newPCTab returns an empty one in the place of a pctab of size bytes.
func newPCTab(size int) pcTab { return pcTab{heads: interner{data: hugepages.Bytes(0, size)}} }

// Tags of heads.
const (
	closedStream = iota
	openStream
)

// add adds a stream and returns its id. Open streams that differ in the length of the last run only are one.
func (t *pcTab) add(head []byte, need uint64) int {
	tag := uint32(closedStream)
	if need > 0 {
		tag = openStream
	}
	id := t.heads.add(head, tag)
	if id == len(t.need) {
		t.need = append(t.need, 0)
	}
	t.need[id] = max(t.need[id], need)
	return id
}

// A stream is one of the pctab that is being built.
type stream struct {
	first           uint64 // its first 8 bytes, or zeros, the first one being worth most
	start, end      int    // of its bytes among those of all
	id, head, match int32  // head is the length of its head; match is its key in streamSearch.indexes, -1 for none
	open            bool
}

// streams returns all streams and their bytes: longer before shorter ones, which may be in them.
func (t *pcTab) streams() (list []stream, all []byte) {
	all = hugepages.Bytes(0, len(t.heads.data)+maxVarint*len(t.need)+searchPad)
	list = hugepages.Slice[stream](len(t.need))
	for id, need := range t.need {
		x := stream{id: int32(id), start: len(all), open: need > 0}
		all = append(all, t.heads.bytes(id)...)
		x.head = int32(len(all) - x.start)
		if x.open {
			all = binary.AppendUvarint(all, longest(need))
		}
		x.end = len(all)
		x.match = int32(len(searchKeys) - 1)
		for x.match >= 0 && int(x.head) < searchKeys[x.match] {
			x.match--
		}
		list[id] = x
	}
	all = append(all, make([]byte, searchPad)...)
	for i := range list {
		x := &list[i]
		x.first = binary.BigEndian.Uint64(all[x.start:])
		if n := x.end - x.start; n < 8 {
			x.first &^= 1<<(64-8*n) - 1
		}
	}
	slices.SortFunc(list, func(a, b stream) int {
		if c := (b.end - b.start) - (a.end - a.start); c != 0 {
			return c
		}
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		return cmp.Or(bytes.Compare(all[a.start:a.end], all[b.start:b.end]), int(a.id-b.id))
	})
	return list, all
}

// A root is a stream that is written; others may be found in it.
type root struct {
	text  []byte
	first int // the least id of those found in it
	hole  int // where it goes, as hole.off; -1 for pctab itself
	off   uint32
}

// finish lays the streams out, some in holes of what follows pctab at the next multiple of align. It returns
// what to write there.
func (t *pcTab) finish(holes []hole, align int) []fill {
	streams, all := t.streams()
	roots := make([]root, 0, len(streams))
	rooms := newRooms(holes)
	type place struct{ root, delta int }
	places := make([]place, len(streams))
	search := newStreamSearch(t, all, streams)
	for i := range streams {
		x := &streams[i]
		n, delta, ok := search.find(x)
		if !ok {
			text := all[x.start:x.end]
			n, delta = len(roots), 0
			roots = append(roots, root{text, int(x.id), rooms.take(len(text)), 0})
			search.add(text)
		}
		places[x.id] = place{n, delta}
		roots[n].first = min(roots[n].first, int(x.id))
	}

	byUse := make([]*root, len(roots))
	for n := range roots {
		byUse[n] = &roots[n]
	}
	slices.SortFunc(byUse, func(a, b *root) int { return cmp.Compare(a.first, b.first) })
	t.data = make([]byte, 1, 1+search.size()) // offset 0 stands for no stream
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
	t.offsets = make([]uint32, len(streams))
	for id, p := range places {
		t.offsets[id] = roots[p.root].off + uint32(p.delta)
	}
	return fills
}

// A streamSearch finds streams in those added before.
type streamSearch struct {
	t       *pcTab
	all     []byte // bytes of all streams
	data    []byte // what was added, and searchPad zeros
	starts  []int  // of what was added, in data
	indexes [len(searchKeys)]streamIndex
	before  []uint64 // by place, place+1 of the one before with the same hash: 32 bits for each of the indexes
}

// A streamIndex has the places in the data by the hash of the bytes there.
type streamIndex struct {
	wanted [1 << wantedBits / 64]uint64 // a bit for each hash that is looked for; others are not kept
	latest [1 << searchBits]uint32      // place+1 of the latest bytes with the first searchBits of that hash, 0 for none
}

// searchKeys are how many bytes of a stream it is found by: the most that its head has. A shorter one is not found.
var searchKeys = [...]int{3, 8}

const (
	wantedBits  = 20
	searchBits  = 16
	searchTries = 1 << 12 // places that are tried for one stream
	searchPad   = 8       // so that as many bytes can be read at each place
)

// searchHash returns a hash of the first n bytes of first, of which the first one is worth most.
func searchHash(first uint64, n int) uint32 {
	return uint32(first >> (64 - 8*n) * 0x9e3779b97f4a7c15 >> (64 - wantedBits))
}

// newStreamSearch returns a search for streams. Their bytes are in all.
func newStreamSearch(t *pcTab, all []byte, streams []stream) *streamSearch {
	s := &streamSearch{t: t, all: all, data: hugepages.Bytes(searchPad, len(all)+searchPad), before: hugepages.Words(len(all))}
	for _, x := range streams {
		if x.match >= 0 {
			h := searchHash(x.first, searchKeys[x.match])
			s.indexes[x.match].wanted[h/64] |= 1 << (h % 64)
		}
	}
	return s
}

// size returns how many bytes were added.
func (s *streamSearch) size() int { return len(s.data) - searchPad }

func (s *streamSearch) add(text []byte) {
	start := s.size()
	s.starts = append(s.starts, start)
	s.data = append(append(s.data[:start], text...), make([]byte, searchPad)...)
	for n, key := range searchKeys {
		x := &s.indexes[n]
		for i := start; i+key <= start+len(text); i++ {
			h := searchHash(binary.BigEndian.Uint64(s.data[i:]), key)
			if x.wanted[h/64]>>(h%64)&1 != 0 {
				latest := &x.latest[h>>(wantedBits-searchBits)]
				s.before[i] |= uint64(*latest) << (32 * n)
				*latest = uint32(i) + 1
			}
		}
	}
}

// isAt reports whether x is where b begins.
func (s *streamSearch) isAt(x *stream, b []byte) bool {
	head := s.all[x.start:][:x.head]
	if !bytes.HasPrefix(b, head) {
		return false
	}
	if !x.open {
		return true
	}
	v, n := uvarint(b[len(head):])
	return n > 0 && uint64(v) >= s.t.need[x.id]
}

// find returns the number of an added text that x is in, and where it is in that.
func (s *streamSearch) find(x *stream) (n, delta int, ok bool) {
	if x.match < 0 {
		return 0, 0, false
	}
	index := &s.indexes[x.match]
	unused := 64 - 8*min(x.head, 8)
	first := x.first >> unused
	at := int(index.latest[searchHash(x.first, searchKeys[x.match])>>(wantedBits-searchBits)])
	for try := 0; at > 0 && try < searchTries; try++ {
		at--
		if binary.BigEndian.Uint64(s.data[at:])>>unused == first && s.isAt(x, s.data[at:s.size()]) {
			n := sort.SearchInts(s.starts, at+1) - 1
			end := s.size()
			if n+1 < len(s.starts) {
				end = s.starts[n+1]
			}
			// What follows a text in the data does not follow it in the output.
			if s.isAt(x, s.data[at:end]) {
				return n, at - s.starts[n], true
			}
		}
		at = int(uint32(s.before[at] >> (32 * x.match)))
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
