// Package amd64 describes x86-64 to the linker (System V ABI, AMD64 supplement).
package amd64

import (
	"debug/elf"
	"encoding/binary"
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/machine"
)

// Arch is the machine.
var Arch = &arch.Arch{
	Machine:  machine.AMD64,
	PageSize: 4 << 10,
	// The TLS block ends at the thread pointer (ABI supplement, TLS variant II).
	TLSOffset: func(size, align uint64) int64 { return -int64((size + align - 1) &^ (align - 1)) },
	Relocs: map[uint32]arch.Reloc{
		uint32(elf.R_X86_64_64):       {Name: "R_X86_64_64", Class: arch.Address, Size: 8, Apply: arch.Put64},
		uint32(elf.R_X86_64_32):       {Name: "R_X86_64_32", Class: arch.Absolute, Size: 4, Apply: arch.Put32},
		uint32(elf.R_X86_64_32S):      {Name: "R_X86_64_32S", Class: arch.Absolute, Size: 4, Apply: put32s},
		uint32(elf.R_X86_64_PC32):     {Name: "R_X86_64_PC32", Class: arch.Relative, Size: 4, Apply: pc32},
		uint32(elf.R_X86_64_TPOFF32):  {Name: "R_X86_64_TPOFF32", Class: arch.TLS, Size: 4, Apply: put32s},
		uint32(elf.R_X86_64_GOTTPOFF): {Name: "R_X86_64_GOTTPOFF", Class: arch.TLS, Size: 4, Back: 3, Apply: gottpoff},
	},
	EntryExe:  entryExe,
	EntryPIE:  entryPIE,
	EntryHuge: entryHuge,
	Unpacker:  unpacker,
	GoRelocs: map[goobj.RelocType][]arch.GoReloc{
		// Go's addend counts from the end of the 4-byte field, ELF's from its start.
		goobj.RelocPCRel: {{Type: uint32(elf.R_X86_64_PC32), Add: -4}},
		goobj.RelocCall:  {{Type: uint32(elf.R_X86_64_PC32), Add: -4}},
		goobj.RelocAddr:  {{Type: uint32(elf.R_X86_64_64)}},
	},
	GoTLSRelocs: map[goobj.RelocType][]arch.GoReloc{
		goobj.RelocTLSLE: {{Type: uint32(elf.R_X86_64_TPOFF32)}},
		goobj.RelocTLSIE: {{Type: uint32(elf.R_X86_64_GOTTPOFF)}},
	},
}

func put32s(b []byte, _, t uint64) error {
	binary.LittleEndian.PutUint32(b, uint32(t))
	return arch.CheckSigned(int64(t), 32, 1)
}

func pc32(b []byte, p, t uint64) error { return put32s(b, 0, t-p) }

// gottpoff relaxes "MOVQ sym@gottpoff(IP), reg" into "MOVQ $offset, reg": the
// offset is known, so no GOT is needed (ELF Handling for Thread-Local Storage,
// Initial Exec to Local Exec).
func gottpoff(b []byte, _, t uint64) error {
	// The addend compensates for the field being 4 bytes before the next instruction.
	t += 4
	const rexW, rexR, rexB = 0x48, 0x04, 0x01
	rex, opcode, modrm := b[0], b[1], b[2]
	if rex&^rexR != rexW || opcode != 0x8b || modrm&0xc7 != 0x05 {
		return fmt.Errorf("instruction % x, want a 64-bit MOV from an IP-relative address", b)
	}
	rex = rexW
	if b[0]&rexR != 0 {
		rex |= rexB
	}
	copy(b, []byte{rex, 0xc7, 0xc0 | modrm>>3&7})
	return put32s(b[3:], 0, t)
}
