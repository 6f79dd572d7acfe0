package pcln

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/suffixtab"
)

// A blobTable lays out pieces of function data. A piece that is found inside
// another one, at its alignment, shares its bytes; pieces without alignment share
// ends.
type blobTable struct {
	ids     map[blob]int
	list    []blob
	offsets []uint32 // by id, once finished
	data    []byte   // once finished
}

type blob struct {
	align int
	kind  int // FUNCDATA index
	s     string
}

// add adds a piece of the given kind and returns its id.
func (t *blobTable) add(kind int, data []byte) int {
	if kind == goabi.FuncDataLocalsMap {
		kind = goabi.FuncDataArgsMap // one format
	}
	b := blob{funcdataAlign[kind], kind, string(data)}
	if id, ok := t.ids[b]; ok {
		return id
	}
	if t.ids == nil {
		t.ids = map[blob]int{}
	}
	id := len(t.list)
	t.ids[b] = id
	t.list = append(t.list, b)
	return id
}

// maxCandidates bounds the places that are tried for one piece.
const maxCandidates = 256

// finish lays the pieces out: those of the largest alignment first, longer before
// shorter ones.
func (t *blobTable) finish() {
	t.offsets = make([]uint32, len(t.list))
	shared := t.sharedMaps()
	order := make([]int, len(t.list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := &t.list[a], &t.list[b]
		return cmp.Or(cmp.Compare(y.align, x.align), cmp.Compare(len(y.s), len(x.s)), cmp.Compare(x.s, y.s))
	})
	loose := suffixtab.New(nil, false)
	looseIDs := map[int]int{}
	index := map[uint64][]uint32{} // aligned places by the 8 bytes there
	for _, id := range order {
		b := &t.list[id]
		if _, ok := shared[id]; ok {
			continue
		}
		if b.align == 1 {
			looseIDs[id] = loose.Add(b.s)
			continue
		}
		off, ok := find(t.data, index, b)
		if !ok {
			for len(t.data)%b.align != 0 {
				t.data = append(t.data, 0)
			}
			off = uint32(len(t.data))
			t.data = append(t.data, b.s...)
			for at := off; int(at)+8 <= len(t.data); at += 4 {
				if key := le.Uint64(t.data[at:]); len(index[key]) < maxCandidates {
					index[key] = append(index[key], at)
				}
			}
		}
		t.offsets[id] = off
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
	for id := range t.list {
		if b := &t.list[id]; b.kind == goabi.FuncDataArgsMap {
			bits := le.Uint32([]byte(b.s[4:8]))
			byBits[bits] = append(byBits[bits], id)
		}
	}
	shared := map[int]int{}
	for _, ids := range byBits {
		// In descending order a list directly follows those that begin with it.
		slices.SortFunc(ids, func(a, b int) int {
			x, y := t.list[a].s, t.list[b].s
			return cmp.Or(cmp.Compare(y[header:], x[header:]), cmp.Compare(le.Uint32([]byte(y)), le.Uint32([]byte(x))))
		})
		whole := ids[0]
		for _, id := range ids[1:] {
			if strings.HasPrefix(t.list[whole].s[header:], t.list[id].s[header:]) {
				shared[id] = whole
			} else {
				whole = id
			}
		}
	}
	return shared
}

// find looks for a place that holds b.
func find(data []byte, index map[uint64][]uint32, b *blob) (uint32, bool) {
	if len(b.s) < 8 {
		return 0, false
	}
	key := le.Uint64([]byte(b.s[:8]))
	for _, at := range index[key] {
		if int(at)%b.align == 0 && bytes.HasPrefix(data[at:], []byte(b.s)) {
			return at, true
		}
	}
	return 0, false
}
