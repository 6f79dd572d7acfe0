package hugepages

import (
	"slices"
	"testing"
	"unsafe"
)

// Memory that was given back is used again, as zeros, and each part of it once.
func TestFree(t *testing.T) {
	const n = 3 * Size / 8
	old := Words(n)
	for i := range old {
		old[i] = ^uint64(0)
	}
	Free(old)
	first, second := Words(n/2), Slice[uint16](4*(n/2))
	if &first[0] != &old[0] {
		t.Error("memory that was given back is not used")
	}
	isSet := func(w uint16) bool { return w != 0 }
	if slices.ContainsFunc(first, func(w uint64) bool { return w != 0 }) || slices.ContainsFunc(second, isSet) {
		t.Error("memory is not zero")
	}
	for i := range first {
		first[i] = ^uint64(0)
	}
	if slices.ContainsFunc(second, isSet) {
		t.Error("memory was given out twice")
	}
	Free(first)
	if b := Unset[byte](8 * len(first)); &b[0] != (*byte)(unsafe.Pointer(&first[0])) || b[0] != 0xff {
		t.Error("memory is cleared, or not used")
	}
	if b := Unset[uint16](3); len(b) != 3 {
		t.Errorf("%d values, want 3", len(b))
	}
	if b := Bytes(3, 10); len(b) != 3 || cap(b) != 10 {
		t.Errorf("%d bytes with capacity %d, want 3 and 10", len(b), cap(b))
	}
	if len(Words(0)) != 0 || len(Bytes(0, 0)) != 0 {
		t.Error("want nothing")
	}
}
