package pcln

import (
	"bytes"
	"hash/maphash"
	"math/bits"

	"github.com/go3s/rules_go3s/internal/hugepages"
)

// An interner numbers byte strings, in the order in which they come first. Equal ones with equal tags have one number. All of
// their bytes are in one array: there are tens of thousands.
type interner struct {
	data  []byte
	list  []interned
	table []int32 // numbers plus one, 0 for none, by hash; its length is a power of two
}

type interned struct {
	start     int // in data
	hash, tag uint32
}

// newInterner returns one for about count byte strings of size bytes together.
func newInterner(size, count int) interner {
	t := interner{data: hugepages.Unset[byte](size)[:0], list: hugepages.Unset[interned](count)[:0]}
	t.resize(1 << bits.Len(uint(2*count)))
	return t
}

var internSeed = maphash.MakeSeed() // numbers do not depend on hashes

// add returns the number of b.
func (t *interner) add(b []byte, tag uint32) int {
	return t.addHashed(b, uint32(maphash.Bytes(internSeed, b)), tag)
}

// addHashed is add of a byte string with that hash, one of list.
func (t *interner) addHashed(b []byte, h, tag uint32) int {
	if 2*len(t.list) >= len(t.table) {
		t.resize(2 * len(t.table))
	}
	mask := uint32(len(t.table) - 1)
	for at := h & mask; ; at = (at + 1) & mask {
		n := t.table[at] - 1
		if n < 0 {
			t.table[at] = int32(len(t.list)) + 1
			t.list = append(t.list, interned{len(t.data), h, tag})
			t.data = append(t.data, b...)
			return len(t.list) - 1
		}
		if x := &t.list[n]; x.hash == h && x.tag == tag && bytes.Equal(t.bytes(int(n)), b) {
			return int(n)
		}
	}
}

// resize makes a table of that length.
func (t *interner) resize(length int) {
	const least = 1 << 10
	t.table = hugepages.Slice[int32](max(length, least))
	mask := uint32(len(t.table) - 1)
	for n := range t.list {
		at := t.list[n].hash & mask
		for t.table[at] != 0 {
			at = (at + 1) & mask
		}
		t.table[at] = int32(n) + 1
	}
}

// reset makes t empty.
func (t *interner) reset() {
	t.data, t.list = t.data[:0], t.list[:0]
	clear(t.table)
}

// bytes returns the byte string with number n.
func (t *interner) bytes(n int) []byte {
	end := len(t.data)
	if n+1 < len(t.list) {
		end = t.list[n+1].start
	}
	return t.data[t.list[n].start:end]
}
