package pack

import (
	"unsafe"

	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// gap is how many bytes of zeros are worth a new block: fewer are in the pages that
// are written anyway.
const gap = 64 << 10

// payload returns header, tables and compressed image, padded to what is summed. It
// completes the header.
func (m *image) payload(h *unpacker.Header) []byte {
	image, filters := m.filter()
	blocks := blocksOf(image)
	h.NFilters, h.NBlocks = uint64(len(filters)), uint64(len(blocks))

	var tables, data []byte
	size := unsafe.Sizeof(*h) + uintptr(len(m.segments))*unsafe.Sizeof(unpacker.Segment{}) +
		uintptr(len(filters))*unsafe.Sizeof(unpacker.Filter{}) + uintptr(len(blocks))*unsafe.Sizeof(unpacker.Block{})
	at := func() uint64 { return uint64(size) + uint64(len(data)) }
	for _, s := range m.segments {
		tables = append(tables, encode(s)...)
	}
	for _, f := range filters {
		f.List = at()
		tables = append(tables, encode(f.Filter)...)
		data = append(data, f.list...)
	}
	for _, b := range blocks {
		b.Data = at()
		data = compressLZ4(data, image[b.Start:b.Start+b.Size])
		b.Packed = at() - b.Data
		tables = append(tables, encode(b)...)
	}
	out := append(append(encode(h), tables...), data...)
	// The sum itself is not summed.
	out = append(out, make([]byte, alignUp(uint64(len(out))-8, unpacker.SumUnit)+8-uint64(len(out)))...)
	le.PutUint64(out, unpacker.Sum(out[8:]))
	return out
}

// blocksOf returns the blocks to divide image into: what is between its longest runs
// of zeros.
func blocksOf(image []byte) []unpacker.Block {
	var blocks []unpacker.Block
	start, end := 0, 0 // of the block, without zeros at its end
	add := func() {
		if end > start {
			blocks = append(blocks, unpacker.Block{Start: uint64(start), Size: uint64(end - start)})
		}
	}
	for i, b := range image {
		if b == 0 {
			continue
		}
		if i-end >= gap && len(blocks) < unpacker.MaxBlocks-1 {
			add()
			start = i
		}
		end = i + 1
	}
	add()
	return blocks
}
