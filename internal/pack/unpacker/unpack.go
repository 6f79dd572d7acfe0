// Package unpacker is the program that a packed file starts with, and the
// functions by which Go programs unpack one. It is compiled twice: into Go
// programs as any package, and by internal/pack/genunpacker, together with the
// files that have the build tag unpacker, into machine code that needs neither the
// Go runtime nor a stack of more than a few KB. So its functions take
// no memory, do not panic, call nothing outside, and use pointers without the
// compiler's checks: they check bounds themselves, for they read files that may
// be damaged.
package unpacker

import "unsafe"

const (
	headerSize  = unsafe.Sizeof(Header{})
	segmentSize = unsafe.Sizeof(Segment{})
	filterSize  = unsafe.Sizeof(Filter{})
	blockSize   = unsafe.Sizeof(Block{})

	maxSize = 1 << 40 // bytes of anything; keeps sums from wrapping
)

// check reports whether the header and its tables, which the payload that ends at end begins
// with, are whole and make sense. What decodes the data checks its own bounds.
//
//go:nosplit
func (h *Header) check(end unsafe.Pointer) bool {
	size := left(unsafe.Pointer(h), end)
	if size < headerSize || (size-8)%SumUnit != 0 {
		return false
	}
	if h.NSegments > 64 || h.NFilters > 64 || h.NBlocks > MaxBlocks || h.Room > maxSize || h.Span > h.Room || h.Image > h.Span {
		return false
	}
	if data := h.data(); data > size || sum(unsafe.Add(unsafe.Pointer(h), 8), data-8) != h.Sum {
		return false
	}
	at := uint64(0)
	for i := uintptr(0); i < uintptr(h.NSegments); i++ {
		s := h.segment(i)
		if s.Start < at || s.Start > h.Span {
			return false
		}
		at = s.Start
	}
	for i := uintptr(0); i < uintptr(h.NFilters); i++ {
		f := h.filter(i)
		if f.Start < h.Half && f.Size > h.Half-f.Start {
			return false
		}
		if f.Start > h.Image || f.Size > h.Image-f.Start || f.List > uint64(size) || f.ListSize > uint64(size)-f.List {
			return false
		}
	}
	at = 0
	for i := uintptr(0); i < uintptr(h.NBlocks); i++ {
		b := h.block(i)
		if b.Start < h.Half && b.Size > h.Half-b.Start {
			return false
		}
		if b.Start < at || b.Start > h.Image || b.Size > h.Image-b.Start || b.Data > uint64(size) || b.Packed > uint64(size)-b.Data {
			return false
		}
		at = b.Start + b.Size
	}
	return true
}

// data returns where the data begins, distance in bytes from the header.
//
//go:nosplit
func (h *Header) data() uintptr {
	end := headerSize + uintptr(h.NSegments)*segmentSize + uintptr(h.NFilters)*filterSize + uintptr(h.NBlocks)*blockSize
	return (end-8+SumUnit-1)/SumUnit*SumUnit + 8
}

// whole reports whether the data, which end at end, are what was packed. check has approved h.
//
//go:nosplit
func (h *Header) whole(end unsafe.Pointer) bool {
	data := unsafe.Add(unsafe.Pointer(h), h.data())
	return sum(data, left(data, end)) == h.DataSum
}

//go:nosplit
func (h *Header) segment(i uintptr) *Segment {
	return (*Segment)(unsafe.Add(unsafe.Pointer(h), headerSize+i*segmentSize))
}

//go:nosplit
func (h *Header) filter(i uintptr) *Filter {
	return (*Filter)(unsafe.Add(unsafe.Pointer(h), headerSize+uintptr(h.NSegments)*segmentSize+i*filterSize))
}

//go:nosplit
func (h *Header) block(i uintptr) *Block {
	return (*Block)(unsafe.Add(unsafe.Pointer(h), headerSize+uintptr(h.NSegments)*segmentSize+uintptr(h.NFilters)*filterSize+i*blockSize))
}

// Unpack fills the image, h.Image bytes of zeros, from what is after h, which
// check has approved. It reports whether that worked.
//
//go:nosplit
func Unpack(h *Header, image unsafe.Pointer) bool {
	return h.unpackBefore(image) && h.unpackRest(image)
}

// unpackBefore fills the image before h.Half.
//
//go:nosplit
func (h *Header) unpackBefore(image unsafe.Pointer) bool {
	return h.unpack(image, 0, h.Half)
}

// unpackRest fills the image from h.Half on.
//
//go:nosplit
func (h *Header) unpackRest(image unsafe.Pointer) bool {
	return h.unpack(image, h.Half, maxSize)
}

// unpack decodes the blocks, and undoes the filters, that begin from from on and before to.
//
//go:nosplit
func (h *Header) unpack(image unsafe.Pointer, from, to uint64) bool {
	for i := uintptr(0); i < uintptr(h.NBlocks); i++ {
		b := h.block(i)
		if b.Start < from || b.Start >= to {
			continue
		}
		out, in := unsafe.Add(image, uintptr(b.Start)), unsafe.Add(unsafe.Pointer(h), uintptr(b.Data))
		if !lz4(out, unsafe.Add(out, uintptr(b.Size)), in, unsafe.Add(in, uintptr(b.Packed))) {
			return false
		}
	}
	for i := uintptr(0); i < uintptr(h.NFilters); i++ {
		f := h.filter(i)
		if f.Start < from || f.Start >= to {
			continue
		}
		list := unsafe.Add(unsafe.Pointer(h), uintptr(f.List))
		if !applyFilter(f.Kind, unsafe.Add(image, uintptr(f.Start)), uintptr(f.Size), list, unsafe.Add(list, uintptr(f.ListSize))) {
			return false
		}
	}
	return true
}
