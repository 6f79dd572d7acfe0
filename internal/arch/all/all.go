// Package all lists what the folders of internal/arch know, a machine each.
package all

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/amd64"
	"github.com/go3s/rules_go3s/internal/arch/arm64"
	"github.com/go3s/rules_go3s/internal/arch/riscv64"
)

// Arches are all machines, in the order of the registry.
var Arches = []*arch.Arch{amd64.Arch, arm64.Arch, riscv64.Arch}

// Of returns the machine with the given GOARCH, or nil.
func Of(goarch string) *arch.Arch {
	if i := slices.IndexFunc(Arches, func(a *arch.Arch) bool { return a.GOARCH == goarch }); i >= 0 {
		return Arches[i]
	}
	return nil
}
