package strip

import (
	"cmp"
	"slices"
	"strings"
)

// A stringTable builds the contents of an SHT_STRTAB section (gABI 4, "String
// Table") in which a string that ends another one shares its bytes. The
// contents depend on the set of strings only, not on the order of adding them.
type stringTable struct {
	refs    []stringRef
	offsets []uint32 // by id, once finished
	data    []byte   // once finished
}

type stringRef struct {
	s  string
	id int
}

// add adds s and returns the id by which offset tells its place.
func (t *stringTable) add(s string) int {
	id := len(t.refs)
	t.refs = append(t.refs, stringRef{s, id})
	return id
}

// finish lays the strings out. It does nothing when called again.
func (t *stringTable) finish() {
	if t.data != nil {
		return
	}
	// In descending order of the reversed strings a string directly follows
	// those that it ends.
	slices.SortFunc(t.refs, func(a, b stringRef) int { return compareReversed(b.s, a.s) })
	t.offsets = make([]uint32, len(t.refs))
	size, last := 1, ""
	for _, r := range t.refs { // once to know the size: tables can be large
		if !strings.HasSuffix(last, r.s) {
			size += len(r.s) + 1
			last = r.s
		}
	}
	t.data = make([]byte, 1, size)
	last, end := "", uint32(0) // end is the offset of the NUL after last
	for _, r := range t.refs {
		if !strings.HasSuffix(last, r.s) {
			t.data = append(append(t.data, r.s...), 0)
			last, end = r.s, uint32(len(t.data)-1)
		}
		if r.s != "" { // which is at 0, since sh_name of the null section and st_name of a nameless symbol are 0
			t.offsets[r.id] = end - uint32(len(r.s))
		}
	}
	t.refs = nil
}

// offset returns where the string with that id is in the finished table.
func (t *stringTable) offset(id int) uint32 { return t.offsets[id] }

// compareReversed compares the strings read from their ends.
func compareReversed(a, b string) int {
	for i := 1; i <= min(len(a), len(b)); i++ {
		if x, y := a[len(a)-i], b[len(b)-i]; x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}
