// Package link makes finished static Linux ELF executables of what the Go
// toolchain compiled and assembled. It refuses every relocation, section and
// symbol that it was not taught, by name, rather than guess.
package link

import "math/bits"

func leadingZeros(v uint64) int { return bits.LeadingZeros64(v) }

// alignUp rounds v up to a multiple of align, a power of two.
func alignUp(v, align uint64) uint64 { return (v + align - 1) &^ (align - 1) }
