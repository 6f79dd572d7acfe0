// Package suffixtab builds tables of byte strings in which a string that ends
// another one shares its bytes: ELF string tables (gABI 4, "String Table") and
// the tables of names and pc values of Go programs.
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

// A Hole is a run of unused bytes in what follows the table. ZeroAfter says that
// the byte behind it is 0, which a string that ends in 0 may share.
type Hole struct {
	Off, Len  int
	ZeroAfter bool
}

// A Fill is what FillHoles puts at an offset in what follows the table.
type Fill struct {
	Off int
	S   string
}

// Finish lays the strings out. It does nothing when called again.
func (t *Table) Finish() { t.FillHoles(nil, 1) }

// FillHoles lays the strings out, some of them in holes of what follows the table
// at the next multiple of align. It returns what to write there. Holes have no
// room for the NUL that ends strings, so the table must be one without.
func (t *Table) FillHoles(holes []Hole, align int) []Fill {
	if t.data != nil {
		return nil
	}
	// In descending order of the reversed strings a string directly follows
	// those that it ends.
	slices.SortFunc(t.refs, func(a, b ref) int { return compareReversed(b.s, a.s) })
	t.offsets = make([]uint32, len(t.refs))
	nul := 0
	if t.terminate {
		nul = 1
	}
	size, last := len(t.head), ""
	var roots []string // in order: those that end no other one
	for _, r := range t.refs {
		if !strings.HasSuffix(last, r.s) {
			size += len(r.s) + nul
			last = r.s
			roots = append(roots, last)
		}
	}
	places := placeInHoles(roots, holes)
	var fills []Fill
	for i := range roots {
		if off, ok := places[i]; ok {
			fills = append(fills, Fill{off, roots[i]})
			size -= len(roots[i])
		}
	}
	t.data = append(make([]byte, 0, size), t.head...)
	last, end := "", uint32(len(t.head)-nul) // end is the offset of the end of last
	root := 0
	for _, r := range t.refs {
		if !strings.HasSuffix(last, r.s) {
			last = r.s
			if off, ok := places[root]; ok {
				end = uint32((size+align-1)/align*align + off + len(last))
			} else {
				t.data = append(t.data, r.s...)
				end = uint32(len(t.data))
				if t.terminate {
					t.data = append(t.data, 0)
				}
			}
			root++
		}
		if r.s == "" && t.terminate {
			// sh_name of the null section and st_name of a nameless symbol are 0.
			end = uint32(bytes.IndexByte(t.head, 0))
		}
		t.offsets[r.id] = end - uint32(len(r.s))
	}
	t.refs = nil
	return fills
}

// placeInHoles returns the places of those strings, by index, that fit into the
// holes, the longest that fit first.
func placeInHoles(list []string, holes []Hole) map[int]int {
	longest := 0
	for _, h := range holes {
		longest = max(longest, h.Len+1)
	}
	byLen := make([][]int, longest+1)
	for i, s := range list {
		if len(s) <= longest {
			byLen[len(s)] = append(byLen[len(s)], i)
		}
	}
	places := map[int]int{}
	for _, h := range holes {
		if h.ZeroAfter && len(byLen[h.Len+1]) > 0 {
			if i := byLen[h.Len+1][0]; strings.HasSuffix(list[i], "\x00") {
				places[i] = h.Off
				byLen[h.Len+1] = byLen[h.Len+1][1:]
				continue
			}
		}
		for n := h.Len; n > 0; n-- {
			for n <= h.Len && len(byLen[n]) > 0 {
				places[byLen[n][0]] = h.Off
				byLen[n] = byLen[n][1:]
				h.Off, h.Len = h.Off+n, h.Len-n
			}
		}
	}
	return places
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
