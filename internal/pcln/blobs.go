package pcln

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/suffixtab"
)

// A blobTable lays out pieces of function data. A piece that is found inside
// another one, at its alignment, shares its bytes; pieces without alignment share
// ends.
type blobTable struct {
	pieces  interner // tagged by kind
	offsets []uint32 // by id, once finished
	data    []byte   // once finished
}

// kind returns the FUNCDATA index of the piece with that id.
func (t *blobTable) kind(id int) int { return int(t.pieces.list[id].tag) }

// add adds a piece of the given kind and returns its id.
func (t *blobTable) add(kind int, data []byte) int32 {
	if kind == goabi.FuncDataLocalsMap {
		kind = goabi.FuncDataArgsMap // one format
	}
	return int32(t.pieces.add(data, uint32(kind)))
}

// finish lays the pieces out: those of the largest alignment first, longer before
// shorter ones.
func (t *blobTable) finish() {
	count := len(t.pieces.list)
	t.offsets = make([]uint32, count)
	shared := t.sharedMaps()
	type piece struct {
		id    int
		align int
		b     []byte
	}
	order := make([]piece, count)
	index := newPlaceIndex(count)
	for id := range order {
		p := piece{id, funcdataAlign[t.kind(id)], t.pieces.bytes(id)}
		order[id] = p
		if _, ok := shared[id]; !ok && p.align > 1 {
			index.want(p.b)
		}
	}
	slices.SortFunc(order, func(a, b piece) int {
		return cmp.Or(b.align-a.align, len(b.b)-len(a.b), bytes.Compare(a.b, b.b))
	})
	t.data = make([]byte, 0, len(t.pieces.data))
	loose := suffixtab.New(nil, false)
	looseIDs := map[int]int{}
	for _, p := range order {
		if _, ok := shared[p.id]; ok {
			continue
		}
		if p.align == 1 {
			looseIDs[p.id] = loose.Add(string(p.b))
			continue
		}
		off, ok := index.find(t.data, p.b, p.align)
		if !ok {
			for len(t.data)%p.align != 0 {
				t.data = append(t.data, 0)
			}
			off = uint32(len(t.data))
			t.data = append(t.data, p.b...)
			index.add(t.data, int(off))
		}
		t.offsets[p.id] = off
	}
	for id, whole := range shared {
		t.offsets[id] = t.offsets[whole]
	}
	loose.Finish()
	for id, n := range looseIDs {
		t.offsets[id] = uint32(len(t.data)) + loose.Offset(n)
	}
	t.data = append(t.data, loose.Data()...)
}

// sharedMaps returns, for each list of stack maps that another list of maps of as
// many bits begins with, that other list. The count in a list only bounds the
// index (runtime/symtab.go, stackmapdata), so the larger one serves as well.
func (t *blobTable) sharedMaps() map[int]int {
	const header = 8 // count, bits
	byBits := map[uint32][]int{}
	for id := range t.pieces.list {
		if t.kind(id) == goabi.FuncDataArgsMap {
			bits := le.Uint32(t.pieces.bytes(id)[4:])
			byBits[bits] = append(byBits[bits], id)
		}
	}
	shared := map[int]int{}
	for _, ids := range byBits {
		// In descending order a list directly follows those that begin with it.
		slices.SortFunc(ids, func(a, b int) int {
			x, y := t.pieces.bytes(a), t.pieces.bytes(b)
			return cmp.Or(bytes.Compare(y[header:], x[header:]), cmp.Compare(le.Uint32(y), le.Uint32(x)))
		})
		whole := ids[0]
		for _, id := range ids[1:] {
			if bytes.HasPrefix(t.pieces.bytes(whole)[header:], t.pieces.bytes(id)[header:]) {
				shared[id] = whole
			} else {
				whole = id
			}
		}
	}
	return shared
}

// maxCandidates bounds the places that are tried for one piece.
const maxCandidates = 256

// A placeIndex finds pieces of 8 bytes and more in data. It only knows of places with the first 8 bytes of a piece that will be looked for.
type placeIndex struct {
	keys   []uint64   // those bytes; the length is a power of two
	used   []bool     // whether there is a key
	places [][]uint32 // aligned places with it, ascending
}

// newPlaceIndex returns an index for n pieces.
func newPlaceIndex(n int) *placeIndex {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return &placeIndex{make([]uint64, size), make([]bool, size), make([][]uint32, size)}
}

// slot returns where key is, or would be.
func (x *placeIndex) slot(key uint64) int {
	mask := len(x.keys) - 1
	at := int(key*0x9e3779b97f4a7c15>>32) & mask
	for x.used[at] && x.keys[at] != key {
		at = (at + 1) & mask
	}
	return at
}

// want says that b will be looked for.
func (x *placeIndex) want(b []byte) {
	if len(b) >= 8 {
		at := x.slot(le.Uint64(b))
		x.keys[at], x.used[at] = le.Uint64(b), true
	}
}

// add adds the places in data from off on.
func (x *placeIndex) add(data []byte, off int) {
	for ; off+8 <= len(data); off += 4 {
		if at := x.slot(le.Uint64(data[off:])); x.used[at] && len(x.places[at]) < maxCandidates {
			x.places[at] = append(x.places[at], uint32(off))
		}
	}
}

// find looks for a place in data that holds b, which is aligned.
func (x *placeIndex) find(data, b []byte, align int) (uint32, bool) {
	if len(b) < 8 {
		return 0, false
	}
	for _, at := range x.places[x.slot(le.Uint64(b))] {
		if int(at)%align == 0 && bytes.HasPrefix(data[at:], b) {
			return at, true
		}
	}
	return 0, false
}
