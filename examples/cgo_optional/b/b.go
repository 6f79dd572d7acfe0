// Package b is the second of three levels between cgo_optional and cgo.
package b

import "github.com/go3s/rules_go3s/examples/cgo_optional/c"

// Length returns the length of s in bytes.
func Length(s string) int { return c.Length(s) }
