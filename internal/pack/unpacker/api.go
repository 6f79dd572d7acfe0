//go:build !unpacker

package unpacker

import "unsafe"

// Check returns the header that begins b, nil unless b is whole, to its last byte,
// and the header makes sense. b must be aligned to 8 bytes; the header shares its
// memory.
func Check(b []byte) *Header {
	if uintptr(len(b)) < headerSize {
		return nil
	}
	start := unsafe.Pointer(unsafe.SliceData(b))
	if h := (*Header)(start); h.check(unsafe.Add(start, len(b))) {
		return h
	}
	return nil
}

// Sum returns the checksum of b, whose length is a multiple of SumUnit.
func Sum(b []byte) uint64 {
	return sum(unsafe.Pointer(unsafe.SliceData(b)), uintptr(len(b)))
}

// LZ4 decodes the LZ4 block src. It reports whether that is well-formed and decodes
// to exactly len(dst) bytes.
func LZ4(dst, src []byte) bool {
	d, s := unsafe.Pointer(unsafe.SliceData(dst)), unsafe.Pointer(unsafe.SliceData(src))
	return lz4(d, unsafe.Add(d, len(dst)), s, unsafe.Add(s, len(src)))
}
