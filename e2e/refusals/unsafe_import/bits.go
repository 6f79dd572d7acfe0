package bits

import "unsafe"

// Of returns the bits of x.
func Of(x float64) uint64 { return *(*uint64)(unsafe.Pointer(&x)) }
