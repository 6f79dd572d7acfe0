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
	if h := (*Header)(start(b)); h.check(end(b)) && h.whole(end(b)) {
		return h
	}
	return nil
}

// Segments returns the segments of a header that Check has returned.
func (h *Header) Segments() []Segment { return unsafe.Slice(h.segment(0), h.NSegments) }

// Filters returns the filters of a header that Check has returned.
func (h *Header) Filters() []Filter { return unsafe.Slice(h.filter(0), h.NFilters) }

// Blocks returns the blocks of a header that Check has returned.
func (h *Header) Blocks() []Block { return unsafe.Slice(h.block(0), h.NBlocks) }

// DataStart returns where in the payload the data begins, bytes.
func (h *Header) DataStart() int { return int(h.data()) }

// Sum returns the checksum of b, whose length is a multiple of SumUnit.
func Sum(b []byte) uint64 {
	return sum(start(b), uintptr(len(b)))
}

// LZ4 decodes the LZ4 block src. It reports whether that is well-formed and decodes
// to exactly len(dst) bytes.
func LZ4(dst, src []byte) bool {
	return lz4(start(dst), end(dst), start(src), end(src))
}

func start(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
func end(b []byte) unsafe.Pointer   { return unsafe.Add(start(b), len(b)) }

// Filtered undoes the filter of that kind in b. It reports whether list fits.
func Filtered(kind uint64, b, list []byte) bool {
	return applyFilter(kind, start(b), uintptr(len(b)), start(list), end(list))
}
