package golink

import (
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
	n := k.count()
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
	if n != int(next) {
		t.Errorf("%d symbols, want %d", n, next)
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
