// Package a is the first of three levels between cgo_optional and cgo.
package a

import "github.com/go3s/rules_go3s/examples/cgo_optional/b"

// Length returns the length of s in bytes.
func Length(s string) int { return b.Length(s) }
