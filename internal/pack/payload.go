package pack

import (
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// gap is how many bytes of zeros are worth a new block: fewer are in the pages that
// are written anyway.
const gap = 64 << 10

// payload returns header, tables and compressed image, padded to what is summed and to what Unpack takes with
// rest bytes besides the image. It completes the header.
func (m *image) payload(h *unpacker.Header, rest int) []byte {
	image, filters := m.filter()
	blocks := blocksOf(image, len(image))
	if h.Half = m.half(blocks, filters); h.Half != 0 {
		blocks = blocksOf(image, int(h.Half))
	}
	h.NFilters, h.NBlocks = uint64(len(filters)), uint64(len(blocks))

	var tables, data []byte
	at := func() uint64 { return uint64(h.DataStart() + len(data)) }
	for _, s := range m.segments {
		tables = append(tables, goelf.Encode(s)...)
	}
	for _, f := range filters {
		f.List = at()
		tables = append(tables, goelf.Encode(f.Filter)...)
		data = append(data, f.list...)
	}
	for _, b := range blocks {
		b.Data = at()
		data = compressLZ4(data, image[b.Start:b.Start+b.Size])
		b.Packed = at() - b.Data
		tables = append(tables, goelf.Encode(b)...)
	}
	if least := minPacked(m.size + uint64(rest)); uint64(len(data)) < least {
		data = append(data, make([]byte, least-uint64(len(data)))...)
	}
	data = append(data, make([]byte, -len(data)&(unpacker.SumUnit-1))...)
	h.DataSum = unpacker.Sum(data)
	out := append(goelf.Encode(h), tables...)
	out = append(out, make([]byte, h.DataStart()-len(out))...)
	le.PutUint64(out, unpacker.Sum(out[8:])) // the sum itself is not summed
	return append(out, data...)
}

// half returns where the second half of the image begins, 0 if there is little to unpack: at
// the segment that has nearest to half of the bytes before it. A Go program's
// code, which takes the longest, is then the first half.
func (m *image) half(blocks []unpacker.Block, filters []filter) uint64 {
	total, best, start := uint64(0), uint64(0), uint64(0)
	for _, b := range blocks {
		total += b.Size
	}
	if total < m.splitMin {
		return 0
	}
	for _, s := range m.segments {
		before := uint64(0)
		for _, b := range blocks {
			before += min(max(s.Start, b.Start)-b.Start, b.Size)
		}
		across := slices.ContainsFunc(filters, func(f filter) bool { return f.Start < s.Start && s.Start-f.Start < f.Size })
		if smaller := min(before, total-before); smaller > best && !across {
			best, start = smaller, s.Start
		}
	}
	return start
}

// blocksOf returns the blocks to divide image into: what is between its longest runs
// of zeros. None has parts of both halves, of which the second begins at half.
func blocksOf(image []byte, half int) []unpacker.Block {
	var blocks []unpacker.Block
	start, end := 0, 0 // of the block, without zeros at its end
	add := func() {
		if end > start {
			blocks = append(blocks, unpacker.Block{Start: uint64(start), Size: uint64(end - start)})
		}
	}
	for i, b := range image {
		if i == half {
			add()
			start, end = i, i
		}
		if b == 0 {
			continue
		}
		if i-end >= gap && len(blocks) < unpacker.MaxBlocks-2 {
			add()
			start = i
		}
		end = i + 1
	}
	add()
	return blocks
}
