package pcln

import (
	"encoding/binary"
	"slices"

	"github.com/go3s/rules_go3s/internal/hugepages"
)

// # How pcvalue tables share bytes
//
// The runtime reads a pcvalue table up to the instruction that it looks for
// (runtime/symtab.go, pcvalue), so what follows the run that reaches the end
// of the function is never read, and that run may be longer than the function. Such a pcvalue table is
// open: it needs no end, and it serves all functions with tables that differ in the length of the last run only. Pcvalue tables of stack
// depths are closed, since funcMaxSPDelta reads them to their end, and so are those of files and lines, for the sake of
// debug/gosym, which looks for the instructions of a line, and those of inlined calls where functions have their names, since
// govulncheck counts the calls by reading to the end.
//
// Open pcvalue tables could also be inside others. To look for that took a quarter of the time of all tables and saved 0.02 % of a
// program (1.2 KB of 5.8 MB, 11 KB of 58 MB), so nobody does.
//
// Pcvalue tables are in the order of the functions that need them first: offsets of neighbours differ by little
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
	return pcTab{heads: newInterner(size, perFunction*count), need: hugepages.Unset[uint64](perFunction * count)[:0]}
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
	return t.needs(t.heads.add(head, tag), need)
}

// addOf adds the pcvalue table with that id of another pcTab.
func (t *pcTab) addOf(other *pcTab, id int) int32 {
	x := &other.heads.list[id]
	return t.needs(t.heads.addHashed(other.heads.bytes(id), x.hash, x.tag), other.need[id])
}

// needs notes what the pcvalue table with that id, which may be new, needs, and returns the id.
func (t *pcTab) needs(id int, need uint64) int32 {
	if id == len(t.need) {
		t.need = append(t.need, 0)
	}
	t.need[id] = max(t.need[id], need)
	return int32(id)
}

// finish lays the pcvalue tables out, some in holes of what follows pctab at the next multiple of align. It returns
// what to write there.
func (t *pcTab) finish(holes []hole, align int) []fill {
	inHole := t.fillHoles(holes)
	t.offsets = make([]uint32, len(t.need))
	t.data = append(hugepages.Unset[byte](t.maxSize())[:0], 0) // offset 0 stands for no pcvalue table
	for id := range t.need {
		if inHole[id] < 0 {
			t.offsets[id] = uint32(len(t.data))
			t.data = t.append(t.data, id)
		}
	}
	after := (len(t.data) + align - 1) / align * align
	var fills []fill
	for id, off := range inHole {
		if off >= 0 {
			t.offsets[id] = uint32(after) + uint32(off)
			fills = append(fills, fill{int(off), t.append(nil, id)})
		}
	}
	return fills
}

// maxSize returns how many bytes the pctab has at most.
func (t *pcTab) maxSize() int { return 1 + len(t.heads.data) + maxVarint*len(t.need) }

// append appends the pcvalue table with that id to b.
func (t *pcTab) append(b []byte, id int) []byte {
	b = append(b, t.heads.bytes(id)...)
	if need := t.need[id]; need > 0 {
		b = binary.AppendUvarint(b, longest(need))
	}
	return b
}

// fillHoles returns by id which hole a pcvalue table goes to, as hole.off, -1 for none. The longest that fit go first.
func (t *pcTab) fillHoles(holes []hole) []int32 {
	rooms := newRooms(holes)
	bySize := make([][]int, len(rooms))
	inHole := hugepages.Unset[int32](len(t.need))
	var buf [binary.MaxVarintLen64]byte
	for id, need := range t.need {
		inHole[id] = -1
		n := len(t.heads.bytes(id))
		if need > 0 {
			n += binary.PutUvarint(buf[:], longest(need))
		}
		if n < len(bySize) {
			bySize[n] = append(bySize[n], id)
		}
	}
	for n, ids := range slices.Backward(bySize) {
		for _, id := range ids {
			inHole[id] = int32(rooms.take(n))
		}
	}
	return inHole
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
