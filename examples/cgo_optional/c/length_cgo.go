//go:build cgo

// Package c is the third of three levels below cgo_optional, and the one that may use cgo.
package c

// #include <stdlib.h>
// #include <string.h>
import "C"

import "unsafe"

// Length returns the length of s in bytes, up to the first NUL, as libc counts it.
func Length(s string) int {
	text := C.CString(s)
	defer C.free(unsafe.Pointer(text))
	return int(C.strlen(text))
}
