package policy

import (
	"fmt"
	"slices"
	"strings"
)

// unknown makes the error for a name that is not one of known. It proposes up to
// three of them, the most similar first.
func unknown(what, name string, known []string) error {
	slices.Sort(known)
	slices.SortStableFunc(known, func(a, b string) int { return distance(name, a) - distance(name, b) })
	return fmt.Errorf("unknown %s %q; the closest are %s", what, clip(name), strings.Join(known[:min(3, len(known))], ", "))
}

// distance returns the Levenshtein distance of a and b in bytes. Names longer
// than any of ours are cut.
func distance(a, b string) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	row := make([]int, len(b)+1) // distances of the prefixes of b to a[:i]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
