// Package hugepages allocates large memory that is filled once. For each page of 4 KiB the kernel takes half a microsecond to find and
// clear one, and the processor has room for the addresses of some thousands; so Linux is asked for pages of 2 MiB. Where it has none, or
// may not use them (/sys/kernel/mm/transparent_hugepage/enabled is "never"), nothing changes.
package hugepages

import "unsafe"

// Size is the size of a huge page in bytes, on all machines that golink links for with pages of 4 KiB.
const Size = 2 << 20

// Bytes returns n zeros with capacity max.
func Bytes(n, max int) []byte {
	b := make([]byte, n, max)
	advise(b[:max])
	return b
}

// Words returns n zeros.
func Words(n int) []uint64 {
	words := make([]uint64, n)
	if n > 0 {
		advise(unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*n))
	}
	return words
}
