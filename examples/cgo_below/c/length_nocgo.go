//go:build !cgo

// Package c is the third of three levels below cgo_below, and the one that uses cgo.
package c

import "strings"

// Length returns the length of s in bytes, up to the first NUL, as libc counts it. This file keeps
// `CGO_ENABLED=0 go build ./...` of the whole tree working.
func Length(s string) int {
	before, _, _ := strings.Cut(s, "\x00")
	return len(before)
}
