package pcln

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// An interner numbers as a map does, in the order in which strings come first.
func TestInterner(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	type key struct {
		s   string
		tag uint32
	}
	var x interner
	var list []key
	numbers := map[key]int{}
	for range 20_000 {
		k := key{strings.Repeat("x", random.IntN(4)) + fmt.Sprint(random.IntN(3000)), random.Uint32N(3)}
		want, ok := numbers[k]
		if !ok {
			want = len(list)
			numbers[k] = want
			list = append(list, k)
		}
		if got := x.add([]byte(k.s), k.tag); got != want {
			t.Fatalf("%q with tag %d is number %d, want %d", k.s, k.tag, got, want)
		}
	}
	for n, k := range list {
		if got := string(x.bytes(n)); got != k.s || x.list[n].tag != k.tag {
			t.Errorf("number %d is %q with tag %d, want %q and %d", n, got, x.list[n].tag, k.s, k.tag)
		}
	}
	if n := x.add(nil, 7); string(x.bytes(n)) != "" || x.add(nil, 7) != n {
		t.Errorf("the empty string is %q", x.bytes(n))
	}
}

// A pcTab has each pcvalue table where it says, whole, and an open one with a last run that is long enough: in itself, or in a hole.
func TestPCTab(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	tab := newPCTab(0, 0)
	type added struct {
		head string
		need uint64
	}
	var pcValues []added // by id
	for range 4000 {
		var runs []run
		end := uint64(0)
		for range 1 + random.IntN(6) {
			end += 1 + uint64(random.IntN(3))*60
			runs = append(runs, run{end, int32(len(runs)%2*8 + random.IntN(2))})
		}
		runs = mergeRuns(runs, func(v int32) int32 { return v })
		head, need := appendPCValue(nil, runs, 1, end)
		if random.IntN(2) == 0 {
			head, need = appendClosed(nil, runs, 1), 0
		}
		id := int(tab.add(head, need))
		if id == len(pcValues) {
			pcValues = append(pcValues, added{string(head), 0})
		}
		pcValues[id].need = max(pcValues[id].need, need)
	}
	const align = 4
	var holes []hole
	for i := range 100 {
		holes = append(holes, hole{off: 100 * i, len: 4 + 4*(i%2)})
	}
	fills := tab.finish(holes, align)
	data := append(tab.data, make([]byte, (align-len(tab.data)%align)%align+100*len(holes)+8)...)
	after := (len(tab.data) + align - 1) / align * align
	for _, f := range fills {
		copy(data[after+f.off:], f.text)
	}
	if len(fills) == 0 {
		t.Error("nothing is in a hole")
	}
	for id, s := range pcValues {
		b := data[tab.offsets[id]:]
		if !strings.HasPrefix(string(b), s.head) {
			t.Fatalf("pcvalue table %d is not at %#x", id, tab.offsets[id])
		}
		if v, n := uvarint(b[len(s.head):]); s.need > 0 && (n == 0 || uint64(v) < s.need) {
			t.Errorf("the last run of pcvalue table %d has length %d, want at least %d", id, v, s.need)
		}
	}
}
