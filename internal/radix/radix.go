// Package radix sorts by numbers. Comparisons would cost several times as much, since a processor cannot foresee how they end.
package radix

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/hugepages"
)

// An Item is something to sort, by its number.
type Item struct {
	Key uint64
	ID  int32
}

// Sort sorts items by key, and those with equal keys by compare, which is called for few where keys tell most apart.
func Sort(items []Item, compare func(a, b int32) int) {
	byKey(items)
	for i, end := 0, 0; i < len(items); i = end {
		for end = i + 1; end < len(items) && items[end].Key == items[i].Key; end++ {
		}
		if end > i+1 {
			slices.SortFunc(items[i:end], func(a, b Item) int { return compare(a.ID, b.ID) })
		}
	}
}

// byKey sorts by each byte of the key, the least one first.
func byKey(items []Item) {
	const digits = 8 // and so the result is in items
	var counts [digits][256]uint32
	for _, x := range items {
		for d := range digits {
			counts[d][byte(x.Key>>(8*d))]++
		}
	}
	from, to := items, hugepages.Unset[Item](len(items))
	for d := range digits {
		starts := &counts[d]
		sum := uint32(0)
		for i, n := range starts {
			starts[i] = sum
			sum += n
		}
		for _, x := range from {
			at := &starts[byte(x.Key>>(8*d))]
			to[*at] = x
			*at++
		}
		from, to = to, from
	}
}
