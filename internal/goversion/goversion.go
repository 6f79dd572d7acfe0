// Package goversion is the one list of Go releases that the tools of this module
// were verified with. A tool that depends on the inside of the Go toolchain
// (object files, link order, runtime tables) refuses every other release unless
// its user overrides it.
package goversion

import (
	"fmt"
	"slices"
	"strings"
)

// verified lists, oldest first, the releases whose linker output passed this
// module's whole test suite on linux/amd64, linux/arm64 and linux/riscv64.
var verified = []string{"go1.26.8"}

// Verified returns the verified releases, oldest first, as runtime.Version
// spells them, for example "go1.26.8".
func Verified() []string { return slices.Clone(verified) }

// Check returns an error unless version is a verified release. The error names
// what, the thing the version was read from.
func Check(what, version string) error {
	if slices.Contains(verified, version) {
		return nil
	}
	return fmt.Errorf("%s: made by Go %q; verified with %s only: use a verified Go SDK, or pass --allow-unverified-go and test the result",
		what, version, strings.Join(verified, ", "))
}
