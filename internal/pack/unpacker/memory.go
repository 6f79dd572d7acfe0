package unpacker

import "unsafe"

// The functions of this file become single instructions. Words are little-endian
// and at any address.

//go:nosplit
func load8(p unsafe.Pointer) uint8 { return *(*uint8)(p) }

//go:nosplit
func store8(p unsafe.Pointer, v uint8) { *(*uint8)(p) = v }

//go:nosplit
func load16(p unsafe.Pointer) uint16 { return *(*uint16)(p) }

//go:nosplit
func load32(p unsafe.Pointer) uint32 { return *(*uint32)(p) }

//go:nosplit
func store32(p unsafe.Pointer, v uint32) { *(*uint32)(p) = v }

//go:nosplit
func load64(p unsafe.Pointer) uint64 { return *(*uint64)(p) }

//go:nosplit
func copy8(to, from unsafe.Pointer) { *(*uint64)(to) = *(*uint64)(from) }

//go:nosplit
func copy16(to, from unsafe.Pointer) {
	a, b := *(*uint64)(from), *(*uint64)(unsafe.Add(from, 8))
	*(*uint64)(to), *(*uint64)(unsafe.Add(to, 8)) = a, b
}

// left returns the number of bytes from p to end.
//
//go:nosplit
func left(p, end unsafe.Pointer) uintptr { return uintptr(end) - uintptr(p) }
