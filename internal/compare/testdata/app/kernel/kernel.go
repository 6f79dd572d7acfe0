// Package kernel has code for each architecture, as fast checksums have.
package kernel

// Strict is what such code has no business with.
var Strict = true

// Sum returns a sum of text.
//
//go:noinline
func Sum(text string) uint64 { return sum(text) }

//go:noinline
func generic(text string) (out uint64) {
	for i := range len(text) {
		out = out*31 + uint64(text[i])
	}
	return out
}
