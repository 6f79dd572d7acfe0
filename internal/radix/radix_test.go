package radix

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSort(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 300, 20_000} {
		for _, keys := range []uint64{1, 50, 1 << 20, 1<<64 - 1} {
			items := make([]Item, n)
			for i := range items {
				items[i] = Item{random.Uint64N(keys), int32(i)}
			}
			want := slices.Clone(items)
			descending := func(a, b int32) int { return int(b - a) }
			slices.SortFunc(want, func(a, b Item) int { return cmp.Or(cmp.Compare(a.Key, b.Key), descending(a.ID, b.ID)) })
			Sort(items, descending)
			if !slices.Equal(items, want) {
				t.Errorf("%d items with keys below %d are not sorted", n, keys)
			}
		}
	}
}
