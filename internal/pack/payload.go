package pack

import (
	"unsafe"

	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// payload returns header, tables and compressed image, padded to what is summed. It
// completes the header.
func (m *image) payload(h *unpacker.Header) []byte {
	b := make([]byte, unsafe.Sizeof(*h))
	for _, s := range m.segments {
		b = append(b, encode(s)...)
	}
	filtered, filters := m.filter()
	h.NFilters = uint64(len(filters))
	lists := len(b) + len(filters)*int(unsafe.Sizeof(unpacker.Filter{}))
	for _, f := range filters {
		f.List = uint64(lists)
		b = append(b, encode(f.Filter)...)
		lists += len(f.list)
	}
	for _, f := range filters {
		b = append(b, f.list...)
	}
	h.Payload = uint64(len(b))
	b = compressLZ4(b, filtered)
	h.Packed = uint64(len(b)) - h.Payload
	// The sum itself is not summed.
	b = append(b, make([]byte, alignUp(uint64(len(b))-8, unpacker.SumUnit)+8-uint64(len(b)))...)
	copy(b, encode(h))
	le.PutUint64(b, unpacker.Sum(b[8:]))
	return b
}
