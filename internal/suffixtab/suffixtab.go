// Package suffixtab builds tables of byte strings in which a string that ends
// another one shares its bytes: ELF string tables (gABI 4, "String Table") and
// the tables of names of Go programs.
package suffixtab

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/go3s/rules_go3s/internal/hugepages"
	"github.com/go3s/rules_go3s/internal/radix"
)

// A Table is such a table. Its contents depend on the head and the set of strings
// only, not on the order of adding them.
type Table struct {
	head      []byte
	terminate bool
	strings   []string // by id, until finished
	offsets   []uint32 // by id, once finished
	data      []byte   // once finished
}

// New returns an empty table that begins with head, which no string shares. With
// terminate a NUL follows each string; the empty one is at the first NUL of head.
func New(head []byte, terminate bool) *Table { return &Table{head: head, terminate: terminate} }

// Add adds s and returns the id by which Offset tells its place.
func (t *Table) Add(s string) int {
	t.strings = append(t.strings, s)
	return len(t.strings) - 1
}

// Finish lays the strings out. It does nothing when called again.
func (t *Table) Finish() {
	if t.data != nil {
		return
	}
	// In descending order of the reversed strings a string directly follows
	// those that it ends.
	order := hugepages.Unset[radix.Item](len(t.strings))
	size := len(t.head)
	for id, s := range t.strings {
		order[id] = radix.Item{Key: ^reversedKey(s), ID: int32(id)}
		size += len(s) + 1
	}
	radix.Sort(order, func(a, b int32) int { return compareReversed(t.strings[b], t.strings[a]) })
	t.offsets = make([]uint32, len(t.strings))
	nul := 0
	if t.terminate {
		nul = 1
	}
	t.data = append(hugepages.Unset[byte](size)[:0], t.head...)
	last, end := "", uint32(len(t.head)-nul) // end is the offset of the end of last
	for _, o := range order {
		s := t.strings[o.ID]
		if !strings.HasSuffix(last, s) {
			last = s
			t.data = append(t.data, s...)
			end = uint32(len(t.data))
			if t.terminate {
				t.data = append(t.data, 0)
			}
		}
		if s == "" && t.terminate {
			// sh_name of the null section and st_name of a nameless symbol are 0.
			end = uint32(bytes.IndexByte(t.head, 0))
		}
		t.offsets[o.ID] = end - uint32(len(s))
	}
	t.strings = nil
}

// Offset returns where the string with that id is in the finished table.
func (t *Table) Offset(id int) uint32 { return t.offsets[id] }

// Data returns the finished table.
func (t *Table) Data() []byte { return t.data }

// reversedKey returns the last 8 bytes of s as a number, the last one being worth most, and zeros for those that it lacks. Numbers of
// strings are in the order of the strings read from their ends, or equal.
func reversedKey(s string) (key uint64) {
	if n := len(s); n >= 8 {
		t := s[n-8:]
		return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 | uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 |
			uint64(t[7])<<56
	}
	for i := range len(s) {
		key |= uint64(s[len(s)-1-i]) << (56 - 8*i)
	}
	return key
}

// compareReversed compares the strings read from their ends.
func compareReversed(a, b string) int {
	for i, j := len(a), len(b); i > 0 && j > 0; i, j = max(i-8, 0), max(j-8, 0) {
		if x, y := reversedKey(a[:i]), reversedKey(b[:j]); x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b)) // one ends the other
}
