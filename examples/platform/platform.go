//go:build linux

// Package platform tells which machine the running program was built for, as its own ELF header
// says. Its test runs on every platform of the module, foreign ones under an emulator.
package platform

import (
	"debug/elf"
	"fmt"
)

// goarch maps ELF machines to Go's names for those that the module builds for.
var goarch = map[elf.Machine]string{
	elf.EM_X86_64:  "amd64",
	elf.EM_AARCH64: "arm64",
	elf.EM_RISCV:   "riscv64",
}

// GOARCH returns Go's name for the machine of the ELF file at path, such as "arm64". It returns an error if the
// file is no 64-bit little-endian ELF file for one of linux/amd64, linux/arm64 and linux/riscv64.
func GOARCH(path string) (string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	defer file.Close()
	arch, ok := goarch[file.Machine]
	if !ok || file.Class != elf.ELFCLASS64 || file.Data != elf.ELFDATA2LSB {
		return "", fmt.Errorf("%s: found %v, %v, %v, want a 64-bit little-endian file for amd64, arm64 or riscv64", path, file.Machine, file.Class, file.Data)
	}
	return arch, nil
}
