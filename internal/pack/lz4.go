package pack

import "github.com/go3s/rules_go3s/internal/pack/unpacker"

// Limits of the LZ4 block format (LZ4 Block Format Description), of which ours is an
// extension (unpacker.LZ4).
const (
	minMatch     = 4
	maxOffset    = 1<<16 - 1
	lastLiterals = 5  // bytes at the end that no match covers
	matchLimit   = 12 // bytes before the end from which no match begins

	longLength = 15 // in a token: so much and more, an extension follows
)

const (
	treeDepth = 1 << 7 // nodes that a search visits at most
	treeMatch = 1 << 9 // bytes that positions in a tree are compared by
)

// A match is the longest one that begins at a position; zero length for none.
type match struct{ length, offset int32 }

// Prices are in halves of a byte. What takes the decoder's time has one too: a wrong
// prediction of the processor's is worth more bytes than it costs to read them.
const (
	priceByte     = 2
	priceSequence = priceByte / 2 // besides its bytes
	priceFar      = 2 * priceByte // an offset of more than maxOffset
	priceNear     = 3 * priceByte // an offset that the decoder does not expect (unpacker.MinUsual)
	priceExtended = priceByte     // a match whose length needs an extension
	priceLong     = priceByte     // one that is longer than the decoder expects (unpacker.MaxUsual)
)

// A choice is what to write at a position, for the cheapest way to write all that
// follows.
type choice struct {
	cost   int32 // price of all that follows
	run    int32 // literals from here on
	length int32 // of the match, 1 for a literal
	offset int32 // of the match
}

// compressLZ4 appends src as a block to dst. Matches of a kind have the same price but
// for their length: the cheapest choice at each position follows, from the end to
// the start, from the longest match there, and the longest that is far. Nothing is cheaper
// than the block, but for the depth of the search, for far matches that it does not find, and
// for literal runs that need an extension, which is priced as if the run went on to its end.
func compressLZ4(dst, src []byte) []byte {
	matches := longestMatches(src)
	far := farMatches(src, matches)
	choices := make([]choice, len(src)+1)
	for i := len(src) - 1; i >= 0; i-- {
		c := &choices[i]
		*c = choice{cost: choices[i+1].cost + priceByte, run: choices[i+1].run + 1, length: 1}
		if c.run >= longLength && (c.run-longLength)%255 == 0 {
			c.cost += priceByte
		}
		c.try(choices[i:], matches[i], minMatch)
		if n := len(far); n > 0 && far[n-1].at == i {
			c.try(choices[i:], far[n-1].match, matches[i].length+minGain)
			far = far[:n-1]
		}
	}
	start := 0 // of the literals
	for i := 0; i < len(src); {
		c := choices[i]
		if c.length > 1 {
			dst = appendSequence(dst, src[start:i], c)
			start = i + int(c.length)
		}
		i += int(c.length)
	}
	return appendSequence(dst, src[start:], choice{length: minMatch})
}

// try takes the first bytes of m, at least so many, if that is cheaper. rest begins with c.
func (c *choice) try(rest []choice, m match, least int32) {
	if m.length < least {
		return
	}
	price := int32(3*priceByte + priceSequence) // token and offset
	switch {
	case m.offset < unpacker.MinUsual:
		price += priceNear
	case m.offset > maxOffset:
		price += 3*priceByte + priceFar
	}
	lengths := func(from, to int32) {
		for l := from; l <= to; l++ {
			cost := rest[l].cost + price
			if n := l - minMatch; n >= longLength {
				cost += ((n-longLength)/255+1)*priceByte + priceExtended
			}
			if l > unpacker.MaxUsual {
				cost += priceLong
			}
			if cost <= c.cost {
				*c = choice{cost: cost, length: l, offset: m.offset}
			}
		}
	}
	// Lengths in between are never better by more than the rounding of extensions.
	const atEnd = 64
	lengths(least, min(m.length, minMatch+longLength))
	lengths(max(m.length-atEnd, minMatch+longLength+1, least), m.length)
}

// appendSequence appends a token, the literals, and the match unless its offset is
// 0, as of the one that ends a block.
func appendSequence(dst, literals []byte, m choice) []byte {
	length := int(m.length) - minMatch
	dst = append(dst, byte(min(len(literals), longLength)<<4|min(length, longLength)))
	dst = append(appendExtension(dst, len(literals)), literals...)
	if m.offset == 0 {
		return dst
	}
	if m.offset > maxOffset {
		dst = append(dst, 0, 0, byte(m.offset), byte(m.offset>>8), byte(m.offset>>16))
	} else {
		dst = append(dst, byte(m.offset), byte(m.offset>>8))
	}
	return appendExtension(dst, length)
}

func appendExtension(dst []byte, length int) []byte {
	if length < longLength {
		return dst
	}
	for length -= longLength; length >= 255; length -= 255 {
		dst = append(dst, 255)
	}
	return append(dst, byte(length))
}

// longestMatches returns the longest match at each position of src whose offset is at
// most maxOffset, the nearest of those.
//
// All earlier positions whose first four bytes hash alike form a binary tree in
// the order of what follows them, the latest at the root, as in LZMA's match
// finder bt4. Searching the tree for the position puts it at the root.
func longestMatches(src []byte) []match {
	const hashBits = 16
	matches := make([]match, len(src))
	roots := make([]int32, 1<<hashBits)
	for i := range roots {
		roots[i] = -1
	}
	// Children of a position: those that sort before and after it.
	type node struct{ less, more int32 }
	nodes := make([]node, maxOffset+1) // by position modulo their number
	end := len(src) - lastLiterals
	for i := 0; i+matchLimit <= len(src); i++ {
		h := le.Uint32(src[i:]) * 2654435761 >> (32 - hashBits)
		at := int(roots[h])
		roots[h] = int32(i)
		less, more := &nodes[i&maxOffset].less, &nodes[i&maxOffset].more
		limit := min(treeMatch, end-i)
		sameLess, sameMore := 0, 0 // bytes that i has in common with all below less, more
		best := match{}
		for depth := 0; ; depth++ {
			if at < 0 || i-at > maxOffset || depth == treeDepth {
				*less, *more = -1, -1
				break
			}
			n := min(sameLess, sameMore)
			n += matchLen(src[at+n:], src[i+n:i+limit])
			if n > int(best.length) {
				best = match{int32(n), int32(i - at)}
			}
			child := &nodes[at&maxOffset]
			if n == limit { // i takes the place of at
				*less, *more = child.less, child.more
				break
			}
			if src[at+n] < src[i+n] {
				*less, less = int32(at), &child.more
				at, sameLess = int(child.more), n
			} else {
				*more, more = int32(at), &child.less
				at, sameMore = int(child.less), n
			}
		}
		if before := matches[max(i-1, 0)]; best.length == treeMatch && before.offset == best.offset && before.length > treeMatch {
			best.length = before.length - 1 // in a long run, count it once
		} else if best.length == treeMatch {
			best.length += int32(matchLen(src[i+treeMatch-int(best.offset):], src[i+treeMatch:end]))
		}
		if best.length >= minMatch {
			matches[i] = best
		}
	}
	return matches
}

// A farMatch is a match at a position whose offset is more than maxOffset.
type farMatch struct {
	match
	at int
}

const (
	farHashed = 12 // bytes of src that a position is found again by
	farWays   = 8  // positions that are remembered of those whose bytes hash alike
	minGain   = 5  // bytes by which a far match must be longer than the near one
)

// farMatches returns the long matches that are too far for near, in the order of their
// positions: the longest of those at the last positions whose bytes hash alike.
func farMatches(src []byte, near []match) []farMatch {
	const hashBits = 18
	if len(src) <= maxOffset+farHashed+lastLiterals {
		return nil
	}
	var list []farMatch
	before := make([][farWays]int32, 1<<hashBits) // positions, one more: 0 is none
	hash := func(i int) uint64 {
		return (le.Uint64(src[i:])*0x9e3779b97f4a7c15 ^ le.Uint64(src[i+farHashed-8:])*0xc2b2ae3d27d4eb4f) >> (64 - hashBits)
	}
	end := len(src) - lastLiterals
	for i := maxOffset + 1; i+farHashed+lastLiterals <= len(src); i++ {
		ways := &before[hash(i-maxOffset-1)]
		copy(ways[1:], ways[:])
		ways[0] = int32(i - maxOffset) // i-maxOffset-1 is the first that is far
		best := farMatch{match{near[i].length + minGain - 1, 0}, i}
		for _, at := range before[hash(i)] {
			if at == 0 || i-int(at-1) > unpacker.MaxFar {
				break
			}
			if n := matchLen(src[at-1:], src[i:min(end, i+treeMatch)]); n > int(best.length) {
				best.match = match{int32(n), int32(i) - (at - 1)}
			}
		}
		if best.offset != 0 {
			list = append(list, best)
		}
	}
	return list
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
