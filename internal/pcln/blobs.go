package pcln

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/hugepages"
	"github.com/go3s/rules_go3s/internal/radix"
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

// addOf adds the piece with that id of another blobTable. names are the numbers here of the names there.
func (t *blobTable) addOf(other *blobTable, id int, names []int32) int32 {
	b, x := other.pieces.bytes(id), &other.pieces.list[id]
	if other.kind(id) != goabi.FuncDataInlTree {
		return int32(t.pieces.addHashed(b, x.hash, x.tag))
	}
	eachName(b, func(n int) uint32 { return uint32(names[n]) + 1 })
	return int32(t.pieces.add(b, x.tag))
}

// finish lays the pieces out: those of the largest alignment first, longer before
// shorter ones.
func (t *blobTable) finish() {
	count := len(t.pieces.list)
	t.offsets = make([]uint32, count)
	shared := t.sharedMaps()
	order := hugepages.Unset[radix.Item](count)[:0]
	index := newPlaceIndex(count)
	loose := suffixtab.New(nil, false)
	var looseIDs []int // by the numbers that loose gives
	for id := range count {
		b, align := t.pieces.bytes(id), funcdataAlign[t.kind(id)]
		switch {
		case shared[id] >= 0:
		case align == 1:
			loose.Add(string(b))
			looseIDs = append(looseIDs, id)
		default:
			index.want(b)
			const most = 1<<32 - 1
			order = append(order, radix.Item{Key: uint64(8-align)<<32 | uint64(most-min(len(b), most)), ID: int32(id)})
		}
	}
	radix.Sort(order, func(a, b int32) int {
		x, y := t.pieces.bytes(int(a)), t.pieces.bytes(int(b))
		return cmp.Or(len(y)-len(x), bytes.Compare(x, y), int(a-b))
	})
	t.data = hugepages.Unset[byte](len(t.pieces.data) + 7*count)[:0]
	for _, o := range order {
		b, align := t.pieces.bytes(int(o.ID)), funcdataAlign[t.kind(int(o.ID))]
		off, ok := index.find(t.data, b, align)
		if !ok {
			for len(t.data)%align != 0 {
				t.data = append(t.data, 0)
			}
			off = uint32(len(t.data))
			t.data = append(t.data, b...)
			index.add(t.data, int(off))
		}
		t.offsets[o.ID] = off
	}
	for id, whole := range shared {
		if whole >= 0 {
			t.offsets[id] = t.offsets[whole]
		}
	}
	loose.Finish()
	for n, id := range looseIDs {
		t.offsets[id] = uint32(len(t.data)) + loose.Offset(n)
	}
	t.data = append(t.data, loose.Data()...)
}

// sharedMaps returns by id, for each list of stack maps that another list of maps of as
// many bits begins with, that other list, and -1 for all else. The count in a list only bounds the
// index (runtime/symtab.go, stackmapdata), so the larger one serves as well.
func (t *blobTable) sharedMaps() []int32 {
	const header = 8 // count, bits
	byBits := map[uint32][]int{}
	for id := range t.pieces.list {
		if t.kind(id) == goabi.FuncDataArgsMap {
			bits := le.Uint32(t.pieces.bytes(id)[4:])
			byBits[bits] = append(byBits[bits], id)
		}
	}
	shared := make([]int32, len(t.pieces.list))
	for id := range shared {
		shared[id] = -1
	}
	for _, ids := range byBits {
		// In descending order a list directly follows those that begin with it.
		slices.SortFunc(ids, func(a, b int) int {
			x, y := t.pieces.bytes(a), t.pieces.bytes(b)
			return cmp.Or(bytes.Compare(y[header:], x[header:]), cmp.Compare(le.Uint32(y), le.Uint32(x)))
		})
		whole := ids[0]
		for _, id := range ids[1:] {
			if bytes.HasPrefix(t.pieces.bytes(whole)[header:], t.pieces.bytes(id)[header:]) {
				shared[id] = int32(whole)
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
