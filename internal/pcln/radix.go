package pcln

import "github.com/go3s/rules_go3s/internal/hugepages"

// A keyed is something to sort, by its number.
type keyed struct {
	key uint64
	id  int32
}

// sortKeyed sorts list by key; those with one key keep their order. It sorts by each byte, the least one first: comparisons would cost several
// times as much, since a processor cannot foresee how they end.
func sortKeyed(list []keyed) {
	const digits = 8
	var counts [digits][256]uint32
	for _, x := range list {
		for d := range digits {
			counts[d][byte(x.key>>(8*d))]++
		}
	}
	from, to := list, hugepages.Slice[keyed](len(list))
	for d := range digits {
		starts := &counts[d]
		sum := uint32(0)
		for i, n := range starts {
			starts[i] = sum
			sum += n
		}
		for _, x := range from {
			at := &starts[byte(x.key>>(8*d))]
			to[*at] = x
			*at++
		}
		from, to = to, from
	}
}
