package compare

import (
	"bytes"
	"iter"
	"slices"
	"strings"
)

// # Strings
//
// The linker puts all string constants next to each other, without separators, under
// the symbol go:string.* (cmd/link/internal/ld/symtab.go). A string begins where
// something refers to. Code may also refer to the inside of a string, and does so at other
// places on other architectures. So a piece between two such places is the same in
// two programs when it, or a row of pieces that it is part of, is a row of pieces
// in the other one.

// A text is the string constants of a program, in one piece.
type text struct {
	bytes  []byte
	starts []int // of the pieces, ascending; the end of bytes last
	users  []map[string]bool
	index  map[string]bool // the pieces

	lengths map[int]bool            // of the pieces
	begin   map[[context]byte][]int // starts, by the bytes there
}

// newText returns the text of the pieces of b that begin at starts, which ascend.
func newText(b []byte, starts []int, users []map[string]bool) *text {
	t := &text{bytes: b, starts: append(starts, len(b)), users: users,
		index: map[string]bool{}, lengths: map[int]bool{}, begin: map[[context]byte][]int{}}
	for i, at := range starts {
		piece := t.piece(i)
		t.index[piece], t.index[withoutPadding(piece)], t.lengths[len(piece)] = true, true, true
		if len(b)-at >= context {
			key := [context]byte(b[at:])
			t.begin[key] = append(t.begin[key], at)
		}
	}
	return t
}

// piece returns piece i.
func (t *text) piece(i int) string { return string(t.bytes[t.starts[i]:t.starts[i+1]]) }

// withoutPadding returns a piece without the zeros up to what is aligned after it: the text of an embedded file.
func withoutPadding(piece string) string {
	if trimmed := strings.TrimRight(piece, "\x00"); trimmed != "" && len(piece)-len(trimmed) < maxAlign {
		return trimmed
	}
	return piece
}

const (
	maxAlign = 32 // of cmd/link, for data that ask for none
	maxRow   = 6  // pieces that a string may be cut into
	context  = 8  // bytes after a piece
)

// has reports whether piece i of u is in t as well.
func (t *text) has(u *text, i int) bool {
	piece := u.bytes[u.starts[i]:u.starts[i+1]]
	if t.index[string(piece)] || t.index[withoutPadding(string(piece))] {
		return true
	}
	next := u.bytes[u.starts[i+1]:u.starts[min(i+2, len(u.starts)-1)]]
	for cut := range piece {
		rest := u.starts[i] + cut
		if t.lengths[cut] && t.index[string(piece[:cut])] &&
			(t.hasStart(u.bytes[rest:min(u.starts[i+1]+context, len(u.bytes))]) || t.hasInside(u, piece[cut:], next)) {
			return true
		}
	}
	// Where nothing refers to the start of a string, but to its inside, the piece
	// before it continues into it. Then what follows is the same.
	behind := u.bytes[u.starts[i+1]:min(u.starts[i+1]+context, len(u.bytes))]
	for at := range t.startsOf(piece) {
		if bytes.HasPrefix(t.bytes[at+len(piece):], behind) {
			return true
		}
		// Another string may follow, that u has elsewhere.
		k, _ := slices.BinarySearch(t.starts, at)
		if end := t.starts[k+1]; end > at+len(piece) && (u.hasStart(t.bytes[at+len(piece):min(end+context, len(t.bytes))]) ||
			u.hasInside(t, t.bytes[at+len(piece):end], t.bytes[end:t.starts[min(k+2, len(t.starts)-1)]])) {
			return true
		}
	}
	for first := i; first >= 0 && first > i-maxRow; first-- {
		for last := i; last < len(u.starts)-1 && last < first+maxRow; last++ {
			if t.hasRow(u.bytes[u.starts[first]:u.starts[last+1]]) {
				return true
			}
		}
	}
	return false
}

// startsOf yields the places where a piece, and what follows it, begins with prefix. There are many pieces, so
// that all but short prefixes are looked up by their first bytes.
func (t *text) startsOf(prefix []byte) iter.Seq[int] {
	starts := t.starts[:len(t.starts)-1]
	if len(prefix) >= context {
		starts = t.begin[[context]byte(prefix)]
	}
	return func(yield func(int) bool) {
		for _, at := range starts {
			if bytes.HasPrefix(t.bytes[at:], prefix) && !yield(at) {
				return
			}
		}
	}
}

// hasStart reports whether a piece, and what follows it, begins with start.
func (t *text) hasStart(start []byte) bool {
	for range t.startsOf(start) {
		return true
	}
	return false
}

// hasInside reports whether a piece of t begins with inside, and start ends the piece before it, the rest of which u has: both are
// a string of which nothing refers to the start.
func (t *text) hasInside(u *text, start, inside []byte) bool {
	if len(inside) == 0 {
		return false
	}
	for at := range t.startsOf(inside) {
		k, _ := slices.BinarySearch(t.starts, at)
		if k > 0 && bytes.HasSuffix(t.bytes[t.starts[k-1]:at], start) && u.index[string(t.bytes[t.starts[k-1]:at-len(start)])] {
			return true
		}
	}
	return false
}

// hasRow reports whether row begins and ends at a place where a piece does.
func (t *text) hasRow(row []byte) bool {
	for at := range t.startsOf(row) {
		if _, ok := slices.BinarySearch(t.starts, at+len(row)); ok {
			return true
		}
	}
	return false
}

// readText cuts the strings b where something refers to.
func (d *dataReader) readText(b []byte) error {
	users := map[uint64]map[string]bool{d.strings.Start: {}}
	note := func(addr uint64, user string) {
		if d.strings.Start <= addr && addr < d.strings.End {
			if users[addr] == nil {
				users[addr] = map[string]bool{}
			}
			users[addr][user] = true
		}
	}
	for _, u := range d.uses {
		note(u.addr, u.user)
	}
	// What data refer to. The length follows the address: another string begins there.
	type ref struct{ addr, word, end uint64 }
	var refs []ref
	begins := map[uint64]bool{}
	for addr := range users {
		begins[addr] = true
	}
	err := d.words(func(addr, word, next uint64) {
		if d.strings.Start <= word && word < d.strings.End && d.isAddress(addr) {
			refs = append(refs, ref{addr, word, word + min(next, d.strings.End-word)})
			begins[word] = true
		}
	})
	if err != nil {
		return err
	}
	b = bytes.TrimRight(b, "\x00") // padding up to what is aligned after the strings
	begins[d.strings.Start+uint64(len(b))] = true
	ends := func(addr uint64) bool { // where another begins, or zeros that align it
		at := addr
		for !begins[at] && at < addr+maxAlign && at < d.strings.Start+uint64(len(b)) && b[at-d.strings.Start] == 0 {
			at++
		}
		return begins[at]
	}
	for _, r := range refs {
		// A number may look like an address, but rarely together with what follows it like that of a whole string.
		if !d.relocates() && (r.end == r.word || !ends(r.end)) {
			continue
		}
		if r.end < d.strings.End && users[r.end] == nil {
			users[r.end] = map[string]bool{}
		}
		if s, ok := d.at(r.addr); ok {
			note(r.word, "data "+unnumbered(s.name))
		} else {
			note(r.word, "data")
		}
	}
	var starts []int
	for addr := range users {
		if start := int(addr - d.strings.Start); start < len(b) || start == 0 {
			starts = append(starts, start)
		}
	}
	slices.Sort(starts)
	var at []map[string]bool
	for _, start := range starts {
		at = append(at, users[d.strings.Start+uint64(start)])
	}
	d.text = newText(bytes.Clone(b), starts, at)
	return nil
}
