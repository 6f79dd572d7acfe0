// Package machine is the registry of the machines that programs are made for: a row for each, with what others call it and what all
// readers and writers of its files agree on. What only the linker knows of a machine is in a folder of internal/arch, what only the decoder
// knows in internal/disasm; both take the row from here. rules/private/goarch.bzl is the same registry for Starlark, and a test compares.
package machine

import (
	"debug/elf"
	"slices"
)

// A Machine is a row of the registry.
type Machine struct {
	GOARCH string
	ELF    elf.Machine
	// Name is what Linux (uname -m), qemu, Bazel's @platforms//cpu and RPM call the machine.
	Name string
	// Debian is what Debian's packages call it.
	Debian string
	// BFD is what binutils call its files (bfd_target), Emulation what GNU ld and LLD call the machine in their option -m.
	BFD, Emulation string
	// Seccomp is its name in seccomp profiles (OCI runtime-spec, linux.seccomp.architectures).
	Seccomp string
	// Level is the environment variable for the level of the instruction set, Baseline the build constraint of the lowest level.
	Level, Baseline string
	// Relative is the ELF relocation type that adds the load address to a word. Type 0 does nothing on every machine.
	Relative uint32
	// CodeAlign is the alignment of an instruction in bytes, which is also the length of the shortest.
	CodeAlign uint64
	// PCQuanta are the units of program counters in Go's tables (pcHeader.minLC): of the newest Go releases, then of older ones.
	PCQuanta []byte
}

// The machines.
var (
	AMD64 = &Machine{
		GOARCH: "amd64", ELF: elf.EM_X86_64, Name: "x86_64", Debian: "amd64", BFD: "elf64-x86-64", Emulation: "elf_x86_64",
		Seccomp: "SCMP_ARCH_X86_64", Level: "GOAMD64", Baseline: "amd64.v1",
		Relative: uint32(elf.R_X86_64_RELATIVE), CodeAlign: 1, PCQuanta: []byte{1},
	}
	ARM64 = &Machine{
		GOARCH: "arm64", ELF: elf.EM_AARCH64, Name: "aarch64", Debian: "arm64", BFD: "elf64-littleaarch64", Emulation: "aarch64linux",
		Seccomp: "SCMP_ARCH_AARCH64", Level: "GOARM64", Baseline: "arm64.v8.0",
		Relative: uint32(elf.R_AARCH64_RELATIVE), CodeAlign: 4, PCQuanta: []byte{4},
	}
	RISCV64 = &Machine{
		GOARCH: "riscv64", ELF: elf.EM_RISCV, Name: "riscv64", Debian: "riscv64", BFD: "elf64-littleriscv", Emulation: "elf64lriscv",
		Seccomp: "SCMP_ARCH_RISCV64", Level: "GORISCV64", Baseline: "riscv64.rva20u64",
		Relative: uint32(elf.R_RISCV_RELATIVE), CodeAlign: 2, PCQuanta: []byte{2, 4}, // 2 since the assembler emits compressed instructions
	}
)

// All are the machines, in the order in which they are shown.
var All = []*Machine{AMD64, ARM64, RISCV64}

// Of returns the machine with the given GOARCH, or nil.
func Of(goarch string) *Machine {
	return find(func(m *Machine) bool { return m.GOARCH == goarch })
}

// OfELF returns the machine with the number m in ELF headers, or nil.
func OfELF(m elf.Machine) *Machine {
	return find(func(row *Machine) bool { return row.ELF == m })
}

func find(is func(*Machine) bool) *Machine {
	if i := slices.IndexFunc(All, is); i >= 0 {
		return All[i]
	}
	return nil
}

// GOARCHs returns Go's names of all machines.
func GOARCHs() []string {
	var names []string
	for _, m := range All {
		names = append(names, m.GOARCH)
	}
	return names
}

// Qemu returns the name of the user-mode emulator for programs of the machine: "qemu-x86_64-static".
func (m *Machine) Qemu() string { return "qemu-" + m.Name + "-static" }

// Audit returns the kernel's number for the machine's system calls (AUDIT_ARCH_… of linux/audit.h), for 64-bit little-endian code.
func (m *Machine) Audit() uint32 { return uint32(m.ELF) | 0x80000000 | 0x40000000 }
