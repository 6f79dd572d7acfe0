// Package hugepages allocates large memory that is filled once. For each page of 4 KiB the kernel takes half a microsecond to find and
// clear one, and the processor has room for the addresses of some thousands; so Linux is asked for pages of 2 MiB. Where it has none, or
// may not use them (/sys/kernel/mm/transparent_hugepage/enabled is "never"), nothing changes. Memory that is given back is used first: to
// clear it costs a fraction of what new pages do.
package hugepages

import (
	"sync"
	"unsafe"
)

// Size is the size of a huge page in bytes, on all machines that golink links for with pages of 4 KiB.
const Size = 2 << 20

// Bytes returns n zeros with capacity max.
func Bytes(n, max int) []byte {
	words := Words((max + 7) / 8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))[:n:max]
}

// Slice returns n zero values of type T, which must not hold pointers: the garbage collector does not look for them there.
func Slice[T any](n int) []T {
	var t T
	words := Words((n*int(unsafe.Sizeof(t)) + 7) / 8)
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

// Unset returns n values of type T, as Slice, that may have any contents. It takes no time to clear memory that was given back.
func Unset[T any](n int) []T {
	var t T
	words := reuse((n*int(unsafe.Sizeof(t)) + 7) / 8)
	if words == nil {
		return Slice[T](n)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(words))), n)
}

// spare is memory that was given back.
var spare struct {
	sync.Mutex
	list [][]uint64
}

// Words returns n zeros.
func Words(n int) []uint64 {
	if words := reuse(n); words != nil {
		clear(words)
		return words
	}
	words := make([]uint64, n)
	if n > 0 {
		advise(bytes(words))
	}
	return words
}

// Drop gives whole huge pages of words, which Words returned, back to the kernel until they are next written. They stay the caller's, with
// any contents.
func Drop(words []uint64) {
	if len(words) > 0 {
		drop(bytes(words))
	}
}

// bytes returns the memory of words, of which there are some.
func bytes(words []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
}

// reuse returns n words of spare memory, nil when there are not so many in one piece.
func reuse(n int) []uint64 {
	spare.Lock()
	defer spare.Unlock()
	for i, s := range spare.list {
		if 0 < n && n <= len(s) {
			spare.list[i] = s[n:]
			return s[:n:n]
		}
	}
	return nil
}

// Free gives back what Words returned. Nothing may refer to it any more.
func Free(words []uint64) {
	spare.Lock()
	defer spare.Unlock()
	spare.list = append(spare.list, words)
}
