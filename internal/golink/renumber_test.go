package golink

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// New numbers are the order of the symbols that are kept, at all places of words.
func TestKeptSet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	k := make(keptSet, 5)
	for range 100 {
		k.add(sym(r.IntN(64 * len(k))))
	}
	k.addAll(60, 70)
	n := uint32(0)
	for i := range k {
		k[i].before = n
		n += uint32(bits.OnesCount64(k[i].bits))
	}
	next := sym(0)
	for s := range sym(64 * len(k)) {
		want := notNeeded
		if k.has(s) {
			want = next
			next++
		}
		if got := k.number(s); got != want {
			t.Fatalf("symbol %d: number %d, want %d", s, got, want)
		}
	}
}

func TestKinds8(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 2 * symsOfByte {
		l := &linker{kinds: make([]kind, n)}
		for i := range l.kinds {
			l.kinds[i] = kind(r.IntN(int(numKinds)))
		}
		for at := 0; at < n; at += symsOfByte {
			want := uint8(0)
			for i, k := range l.kinds[at:min(at+symsOfByte, n)] {
				if k.isText() {
					want |= 1 << i
				}
			}
			if got := l.kindsFrom(at).in(kindText, kindTextEnd); got != want {
				t.Errorf("%v from %d: %08b, want %08b", l.kinds, at, got, want)
			}
		}
	}
}

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
