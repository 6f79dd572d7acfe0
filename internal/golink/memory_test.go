package golink

import (
	"slices"
	"testing"
	"unsafe"

	"github.com/go3s/rules_go3s/internal/hugepages"
)

// Memory that is given back is used again: the smallest piece that is large enough, as zeros, and as one with its neighbours.
func TestPool(t *testing.T) {
	var p pool
	defer p.end()
	const n = 1 << 12
	list := array[uint64](&p, 8*n)
	for i := range list {
		list[i] = 1
	}
	piece := func(from, to int) []uint64 { return list[from*n : to*n : to*n] }
	giveBack(&p, piece(0, 1))
	giveBack(&p, piece(4, 6))
	if small := array[uint64](&p, n); &small[0] != &list[0] || small[n-1] != 0 {
		t.Error("not the smallest piece, or no zeros")
	}
	if half := array[sym](&p, 2*n); unsafe.Pointer(&half[0]) != unsafe.Pointer(&list[4*n]) {
		t.Error("not the piece that is left")
	}
	giveBack(&p, piece(7, 8))
	giveBack(&p, piece(6, 7))
	if len(p.released) != 1 || len(p.released[0]) != 3*n {
		t.Errorf("%d pieces, the first of %d words, want one of %d", len(p.released), len(p.released[0]), 3*n)
	}
	if other := array[uint64](&p, 4*n); &other[0] == &list[5*n] {
		t.Error("a piece that is too small is used")
	}
}

// Memory that is of no array is not used.
func TestPoolOther(t *testing.T) {
	var p pool
	defer p.end()
	list := array[uint64](&p, 8)
	moved := append(list, 1)
	giveBack(&p, moved)
	if len(p.released) > 0 {
		t.Errorf("%d pieces, want none", len(p.released))
	}
	giveBack(&p, list)
	if len(p.released) != 1 {
		t.Errorf("%d pieces, want one", len(p.released))
	}
}

// Arrays that are no whole words are neighbours when they are given back, and what the kernel took is there again, as zeros.
func TestPoolShrink(t *testing.T) {
	var p pool
	defer p.end()
	const n = 3 * hugepages.Size / 12
	first, second := array[nameHash](&p, n+1), array[nameHash](&p, n)
	for i := range first {
		first[i].a = 1
	}
	giveBack(&p, first)
	giveBack(&p, second)
	if len(p.released) != 1 {
		t.Errorf("%d pieces, want one", len(p.released))
	}
	p.shrink()
	if both := array[nameHash](&p, 2*n); &both[0] != &first[0] || slices.ContainsFunc(both, func(h nameHash) bool { return h.a != 0 }) {
		t.Error("the memory is not used again, or no zeros")
	}
}

// Pieces of two arrays stay apart, even where the arrays are neighbours.
func TestPoolArrays(t *testing.T) {
	both := make([]uint64, 8)
	p := pool{arrays: [][]uint64{both[:4:4], both[4:]}}
	p.release(both[:4:4])
	p.release(both[4:])
	if len(p.released) != 2 {
		t.Errorf("%d pieces, want 2", len(p.released))
	}
}

func TestShorten(t *testing.T) {
	var p pool
	defer p.end()
	list := array[uint8](&p, 64)[:13]
	list = shorten(&p, list)
	if len(list) != 13 || cap(list) != 16 {
		t.Errorf("length %d and capacity %d, want 13 and 16: whole words", len(list), cap(list))
	}
	if rest := array[uint8](&p, 48); unsafe.Pointer(&rest[0]) != unsafe.Add(unsafe.Pointer(&list[0]), 16) {
		t.Error("the rest is not given back")
	}
	if whole := list[:16]; len(shorten(&p, whole)) != 16 {
		t.Error("a list without spare room was changed")
	}
}
