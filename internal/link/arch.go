package link

import (
	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/amd64"
	"github.com/go3s/rules_go3s/internal/arch/arm64"
	"github.com/go3s/rules_go3s/internal/arch/riscv64"
)

// arches are the machines that the linker knows.
var arches = []*arch.Arch{amd64.Arch, arm64.Arch, riscv64.Arch}

// archOf returns the machine with the given GOARCH, or nil.
func archOf(goarch string) *arch.Arch {
	for _, a := range arches {
		if a.GOARCH == goarch {
			return a
		}
	}
	return nil
}
