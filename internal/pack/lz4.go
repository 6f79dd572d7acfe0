package pack

import "math"

// Limits of the LZ4 block format (LZ4 Block Format Description).
const (
	minMatch     = 4
	maxOffset    = 1<<16 - 1
	lastLiterals = 5  // bytes at the end that no match covers
	matchLimit   = 12 // bytes before the end from which no match begins

	shortRun = 15 // a length that begins the extension of a token's field
)

// chainDepth bounds the earlier places that are tried for each position.
const chainDepth = 1 << 7

// A match is the longest one that begins at a position; zero length for none.
type match struct{ length, offset int32 }

// compressLZ4 appends src as an LZ4 block to dst. All matches of the format have
// the same price but for their length, so the cheapest way to write the rest of
// the input from each position follows, from the end to the start, from the
// longest match there: the block is as small as the format allows, but for
// the depth of the search and for literal runs of 15 bytes and more, whose
// extension is priced as if the run went on to its end.
func compressLZ4(dst, src []byte) []byte {
	matches := longestMatches(src)
	n := len(src)
	cost := make([]int32, n+1) // bytes for src[i:]
	take := make([]int32, n+1) // length of the match to take at i, 1 for a literal
	run := make([]int32, n+1)  // literals from i on
	for i := n - 1; i >= 0; i-- {
		run[i] = run[i+1] + 1
		cost[i], take[i] = cost[i+1]+1, 1
		if run[i] == shortRun || run[i] > shortRun && (run[i]-shortRun)%255 == 0 {
			cost[i]++
		}
		best := int(matches[i].length)
		try := func(from, to int) {
			for l := from; l <= to; l++ {
				if c := cost[i+l] + 3 + int32(extension(l-minMatch)); c <= cost[i] {
					cost[i], take[i], run[i] = c, int32(l), 0
				}
			}
		}
		// Lengths in between are never better by more than the rounding of extensions.
		if best >= minMatch {
			const near = 64
			try(minMatch, min(best, minMatch+shortRun))
			try(max(best-near, minMatch+shortRun+1), best)
		}
	}
	literals := 0 // start of the run
	for i := 0; i < n; {
		l := int(take[i])
		if l > 1 {
			dst = appendSequence(dst, src[literals:i], l-minMatch)
			dst = append(dst, byte(matches[i].offset), byte(matches[i].offset>>8))
			dst = appendExtension(dst, l-minMatch)
			literals = i + l
		}
		i += l
	}
	return appendSequence(dst, src[literals:], 0)
}

// extension returns how many bytes a length takes besides its field in the token.
func extension(length int) int {
	if length < shortRun {
		return 0
	}
	return (length-shortRun)/255 + 1
}

// appendSequence appends a token and the literals. length is the match's, less
// minMatch.
func appendSequence(dst, literals []byte, length int) []byte {
	dst = append(dst, byte(min(len(literals), shortRun)<<4|min(length, shortRun)))
	return append(appendExtension(dst, len(literals)), literals...)
}

func appendExtension(dst []byte, length int) []byte {
	if length < shortRun {
		return dst
	}
	for length -= shortRun; length >= 255; length -= 255 {
		dst = append(dst, 255)
	}
	return append(dst, byte(length))
}

// longestMatches returns the longest match at each position of src.
func longestMatches(src []byte) []match {
	const hashBits = 18
	matches := make([]match, len(src))
	heads := make([]int32, 1<<hashBits)
	for i := range heads {
		heads[i] = math.MinInt32
	}
	chain := make([]int32, maxOffset+1) // previous position with the same hash, by position modulo its length
	end := len(src) - lastLiterals
	var last match
	for i := 0; i+matchLimit <= len(src); i++ {
		h := le.Uint32(src[i:]) * 2654435761 >> (32 - hashBits)
		prev := heads[h]
		chain[i&maxOffset], heads[h] = prev, int32(i)
		// What matched one byte before matches here too.
		best := match{}
		if last.length > minMatch {
			best = match{last.length - 1, last.offset}
		}
		for depth := 0; depth < chainDepth && int(prev) >= i-maxOffset && prev >= 0; depth++ {
			at := int(prev)
			if l := int(best.length); i+l < end && src[at+l] == src[i+l] && le.Uint32(src[at:]) == le.Uint32(src[i:]) {
				if n := matchLen(src[at:], src[i:end]); n > l && n >= minMatch {
					best = match{int32(n), int32(i - at)}
				}
			}
			prev = chain[at&maxOffset]
		}
		matches[i], last = best, best
	}
	return matches
}

// matchLen returns how many bytes b begins with as a does. a is not the shorter.
func matchLen(a, b []byte) int {
	n := 0
	for n+8 <= len(b) && le.Uint64(a[n:]) == le.Uint64(b[n:]) {
		n += 8
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
