//go:build !cgo

// Package c is the third of three levels below cgo_optional, and the one that may use cgo.
package c

import "strings"

// Length returns the length of s in bytes, up to the first NUL, as libc counts it.
func Length(s string) int {
	before, _, _ := strings.Cut(s, "\x00")
	return len(before)
}
