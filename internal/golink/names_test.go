package golink

import (
	"strconv"
	"testing"
)

// Names of symbols without a new number are free for other symbols.
func TestRenumberNames(t *testing.T) {
	var p pool
	defer p.end()
	names := newNameTable(&p, 4)
	add := func(name string, abi int, s sym) {
		_, slot := names.slot(names.hash(name), abi)
		slot.set(s, true)
		names.added()
	}
	add("kept", abi0, 10)
	add("kept", abiInternal, 11)
	add("dropped", abi0, 12)
	k := make(keptSet, 1)
	k.addAll(noSym, firstSym)
	k.addAll(10, 12)
	names.renumber(k)
	for _, c := range []struct {
		name string
		abi  int
		want sym
	}{{"kept", abi0, 2}, {"kept", abiInternal, 3}, {"dropped", abi0, 0}, {"none", abi0, 0}} {
		if got := names.find(names.hash(c.name), c.abi); got != c.want {
			t.Errorf("%s, ABI %d: symbol %d, want %d", c.name, c.abi, got, c.want)
		}
	}
	if s, slot := names.slot(names.hash("kept"), abi0); s != 2 || !slot.dupOK() {
		t.Errorf("symbol %d, want 2 with its mark", s)
	}
	add("dropped", abi0, 4)
	if got := names.find(names.hash("dropped"), abi0); got != 4 {
		t.Errorf("symbol %d, want the new one", got)
	}
}

// All names are found in a table that grows, and those that are kept in the smaller one after.
func TestNameTable(t *testing.T) {
	var p pool
	defer p.end()
	names := newNameTable(&p, 0)
	const n = 3 * minNames
	name := func(i int) string { return strconv.Itoa(i) }
	for i := range n {
		s, slot := names.slot(names.hash(name(i)), abi0)
		if s != 0 {
			t.Fatalf("name %d is symbol %d before it is added", i, s)
		}
		slot.set(firstSym+sym(i), false)
		names.added()
	}
	grown := len(names.slots)
	k := make(keptSet, (n+int(firstSym))/64+1)
	k.addAll(noSym, firstSym+n/4)
	for i := range n {
		if s := names.find(names.hash(name(i)), abi0); s != firstSym+sym(i) {
			t.Fatalf("name %d: symbol %d, want %d", i, s, firstSym+sym(i))
		}
	}
	k.count()
	names.renumber(k)
	for i := range n {
		want := sym(0)
		if i < n/4 {
			want = k.number(firstSym + sym(i))
		}
		if s := names.find(names.hash(name(i)), abi0); s != want {
			t.Fatalf("name %d: symbol %d, want %d", i, s, want)
		}
	}
	if grown <= n || len(names.slots) >= grown {
		t.Errorf("%d slots for %d names, then %d for %d, want more and fewer", grown, n, len(names.slots), n/4)
	}
}

// Names with another length, beginning, middle or end have other outlines, without the bit of the ABI.
func TestOutline(t *testing.T) {
	seen := map[uint32]string{}
	for _, name := range []string{"", "a", "b", "aa", "1234567", "12345678", "123456789", "1234567890123456", "1234567X90123456", "X234567890123456",
		"123456789012345X", "type:*net/http.Server", "type:*net/http.server"} {
		h := outline(name)
		if other, ok := seen[h]; ok || h&1 != 0 {
			t.Errorf("%q: %#x, as %q; want an even one that no other name has", name, h, other)
		}
		seen[h] = name
	}
}
