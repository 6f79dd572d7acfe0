package unpacker

import "unsafe"

// lz4 decodes one block from src up to srcEnd into dst up to dstEnd. It reports
// whether the block is well-formed and fills the destination to its last byte.
// Whatever the block says, it reads and writes inside these bounds only.
//
// Blocks are those of LZ4 (LZ4 Block Format Description, "End of block restrictions" included)
// with one thing more: an offset of 0, which LZ4 does not have, says that the offset
// follows in 3 bytes, before what the match length may need.
//
//go:nosplit
func lz4(dst, dstEnd, src, srcEnd unsafe.Pointer) bool {
	// Copies of whole words may go beyond what a sequence says by so much.
	const slack = 32
	out, in := dst, src
	for {
		if left(in, srcEnd) > usualIn && left(out, dstEnd) > usualOut && left(dst, out) >= MinUsual {
			// A sequence makes at most so many bytes of one: 64 of 4.
			const growth = 16
			if limit := uintptr(in) + min(left(in, srcEnd)-usualIn, (left(out, dstEnd)-usualOut)/growth); uintptr(in) < limit {
				in, out = usual(in, out, limit, uintptr(dst)+MinUsual)
			}
		}
		if in == srcEnd {
			return false
		}
		token := uintptr(load8(in))
		in = unsafe.Add(in, 1)
		n := token >> 4
		if n == 15 {
			if in, n = extend(in, srcEnd, n); in == nil {
				return false
			}
		}
		if n > left(in, srcEnd) || n > left(out, dstEnd) {
			return false
		}
		if n+slack <= left(in, srcEnd) && n+slack <= left(out, dstEnd) {
			copyWide(out, in, n)
		} else {
			copyBytes(out, in, n)
		}
		out, in = unsafe.Add(out, n), unsafe.Add(in, n)
		if in == srcEnd { // the last sequence has no match
			return out == dstEnd
		}

		if left(in, srcEnd) < 2 {
			return false
		}
		offset := uintptr(load16(in))
		in = unsafe.Add(in, 2)
		if offset == 0 {
			if left(in, srcEnd) < 3 {
				return false
			}
			offset = uintptr(load16(in)) | uintptr(load8(unsafe.Add(in, 2)))<<16
			in = unsafe.Add(in, 3)
		}
		if offset == 0 || offset > left(dst, out) {
			return false
		}
		n = token & 15
		if n == 15 {
			if in, n = extend(in, srcEnd, n); in == nil {
				return false
			}
		}
		n += minMatch
		if n > left(out, dstEnd) {
			return false
		}
		from := unsafe.Add(out, -offset)
		switch {
		case n+slack > left(out, dstEnd):
			copyBytes(out, from, n)
		case offset >= 16:
			copyWide(out, from, n)
		default:
			copyPattern(out, from, n, offset)
		}
		out = unsafe.Add(out, n)
	}
}

// What the decoder expects of a sequence. The packer prefers it.
const (
	minMatch = 4

	MaxFar = 1<<24 - 1 // largest offset

	MinUsual = 8  // smallest offset
	MaxUsual = 64 // longest match, in bytes

	maxUsualLiterals = 32
	usualIn          = 64  // bytes that usual reads at most for a sequence
	usualOut         = 128 // bytes that it writes at most
)

// usual decodes sequences while in is below limit, and as long as they have at most
// maxUsualLiterals literals, a match of at most MaxUsual bytes, and an offset of at least
// MinUsual bytes that leads to no place before floor-MinUsual, where the block begins. It
// returns where it stopped.
//
// It is the unpacker's inner loop, and a function so that it has all registers. Its time is that
// of branches that the processor predicts wrongly: so it copies what most sequences need
// without asking.
//
//go:nosplit
//go:noinline
func usual(in, out unsafe.Pointer, limit, floor uintptr) (unsafe.Pointer, unsafe.Pointer) {
	for {
		token := uintptr(load8(in))
		p := unsafe.Add(in, 1)
		n := token >> 4
		copy16(out, p)
		if n == 15 {
			n += uintptr(load8(p))
			if n > maxUsualLiterals {
				return in, out
			}
			p = unsafe.Add(p, 1)
			copy16(out, p)
			copy16(unsafe.Add(out, 16), unsafe.Add(p, 16))
		}
		p = unsafe.Add(p, n)
		to := unsafe.Add(out, n)
		offset := uintptr(load16(p))
		if offset-MinUsual > uintptr(to)-floor {
			if offset != 0 {
				return in, out
			}
			p = unsafe.Add(p, 3)
			if offset = uintptr(load32(unsafe.Add(p, -1))) & MaxFar; offset-MinUsual > uintptr(to)-floor {
				return in, out
			}
		}
		from := unsafe.Add(to, -offset)
		copy8(to, from)
		copy8(unsafe.Add(to, 8), unsafe.Add(from, 8))
		copy8(unsafe.Add(to, 16), unsafe.Add(from, 16))
		n = token & 15
		p = unsafe.Add(p, 2)
		if n == 15 {
			n += uintptr(load8(p))
			if n > MaxUsual-minMatch {
				return in, out
			}
			p = unsafe.Add(p, 1)
			copy8(unsafe.Add(to, 24), unsafe.Add(from, 24))
			if n > 28 {
				copy8(unsafe.Add(to, 32), unsafe.Add(from, 32))
				copy8(unsafe.Add(to, 40), unsafe.Add(from, 40))
				copy8(unsafe.Add(to, 48), unsafe.Add(from, 48))
				copy8(unsafe.Add(to, 56), unsafe.Add(from, 56))
			}
		}
		in, out = p, unsafe.Add(to, n+minMatch)
		if uintptr(in) >= limit {
			return in, out
		}
	}
}

// copyWide copies n bytes, and up to 31 more, from at least 16 bytes before. Most are
// short: how often the loop runs is hard to predict for the processor.
//
//go:nosplit
func copyWide(to, from unsafe.Pointer, n uintptr) {
	end := unsafe.Add(to, n)
	for {
		copy16(to, from)
		copy16(unsafe.Add(to, 16), unsafe.Add(from, 16))
		to, from = unsafe.Add(to, 32), unsafe.Add(from, 32)
		if uintptr(to) >= uintptr(end) {
			return
		}
	}
}

// copyBytes copies n bytes one after the other: what was written is read again
// when the ranges overlap.
//
//go:nosplit
func copyBytes(to, from unsafe.Pointer, n uintptr) {
	for end := unsafe.Add(to, n); uintptr(to) < uintptr(end); {
		store8(to, load8(from))
		to, from = unsafe.Add(to, 1), unsafe.Add(from, 1)
	}
}

// copyPattern fills n bytes, and up to 15 more, by repeating the period bytes
// before to, 1 to 15 of them.
//
//go:nosplit
func copyPattern(to, from unsafe.Pointer, n, period uintptr) {
	// After 16 bytes the largest multiple of the period below 17 is a period too.
	copyBytes(to, from, 16)
	wide := period
	for wide+period <= 16 {
		wide += period
	}
	end := unsafe.Add(to, n)
	for to = unsafe.Add(to, 16); uintptr(to) < uintptr(end); to = unsafe.Add(to, wide) {
		copy16(to, unsafe.Add(to, -wide))
	}
}

// extend adds the bytes of a length's extension, which begins at in, to n. It
// returns what follows them, nil when nothing does.
//
//go:nosplit
func extend(in, end unsafe.Pointer, n uintptr) (unsafe.Pointer, uintptr) {
	for {
		if left(in, end) < 1 {
			return nil, 0
		}
		b := uintptr(load8(in))
		in = unsafe.Add(in, 1)
		n += b
		if b != 255 {
			return in, n
		}
	}
}
