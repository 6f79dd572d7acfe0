// Package suffixtab builds tables of byte strings in which a string that ends
// another one shares its bytes: ELF string tables (gABI 4, "String Table") and
// the tables of names of Go programs.
package suffixtab

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// A Table is such a table. Its contents depend on the head and the set of strings
// only, not on the order of adding them.
type Table struct {
	head      []byte
	terminate bool
	refs      []ref
	offsets   []uint32 // by id, once finished
	data      []byte   // once finished
}

type ref struct {
	s  string
	id int
}

// New returns an empty table that begins with head, which no string shares. With
// terminate a NUL follows each string; the empty one is at the first NUL of head.
func New(head []byte, terminate bool) *Table { return &Table{head: head, terminate: terminate} }

// Add adds s and returns the id by which Offset tells its place.
func (t *Table) Add(s string) int {
	id := len(t.refs)
	t.refs = append(t.refs, ref{s, id})
	return id
}

// Finish lays the strings out. It does nothing when called again.
func (t *Table) Finish() {
	if t.data != nil {
		return
	}
	// In descending order of the reversed strings a string directly follows
	// those that it ends.
	slices.SortFunc(t.refs, func(a, b ref) int { return compareReversed(b.s, a.s) })
	t.offsets = make([]uint32, len(t.refs))
	nul := 0
	if t.terminate {
		nul = 1
	}
	t.data = append([]byte{}, t.head...)
	last, end := "", uint32(len(t.head)-nul) // end is the offset of the end of last
	for _, r := range t.refs {
		if !strings.HasSuffix(last, r.s) {
			last = r.s
			t.data = append(t.data, r.s...)
			end = uint32(len(t.data))
			if t.terminate {
				t.data = append(t.data, 0)
			}
		}
		if r.s == "" && t.terminate {
			// sh_name of the null section and st_name of a nameless symbol are 0.
			end = uint32(bytes.IndexByte(t.head, 0))
		}
		t.offsets[r.id] = end - uint32(len(r.s))
	}
	t.refs = nil
}

// Offset returns where the string with that id is in the finished table.
func (t *Table) Offset(id int) uint32 { return t.offsets[id] }

// Data returns the finished table.
func (t *Table) Data() []byte { return t.data }

// compareReversed compares the strings read from their ends.
func compareReversed(a, b string) int {
	for i := 1; i <= min(len(a), len(b)); i++ {
		if x, y := a[len(a)-i], b[len(b)-i]; x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}
