package unpacker

import "unsafe"

// SumUnit is what the length of summed bytes must be a multiple of.
const SumUnit = 64

const sumFactor = 0x9e3779b97f4a7c15 // odd, so that multiplying loses nothing

// sum returns a checksum of n bytes, a multiple of SumUnit. It finds every change
// of one 64-bit word, and others but for one in 2^64. It is no protection against
// intent. Eight lanes keep the multiplier busy.
//
//go:nosplit
func sum(p unsafe.Pointer, n uintptr) uint64 {
	var a, b, c, d, e, f, g, h uint64 = 1, 2, 3, 4, 5, 6, 7, 8
	for end := unsafe.Add(p, n); uintptr(p) < uintptr(end); p = unsafe.Add(p, SumUnit) {
		a = mix(a, load64(p))
		b = mix(b, load64(unsafe.Add(p, 8)))
		c = mix(c, load64(unsafe.Add(p, 16)))
		d = mix(d, load64(unsafe.Add(p, 24)))
		e = mix(e, load64(unsafe.Add(p, 32)))
		f = mix(f, load64(unsafe.Add(p, 40)))
		g = mix(g, load64(unsafe.Add(p, 48)))
		h = mix(h, load64(unsafe.Add(p, 56)))
	}
	return mix(mix(mix(mix(mix(mix(mix(mix(uint64(n), a), b), c), d), e), f), g), h)
}

//go:nosplit
func mix(sum, word uint64) uint64 { return ((sum<<29 | sum>>35) ^ word) * sumFactor }
