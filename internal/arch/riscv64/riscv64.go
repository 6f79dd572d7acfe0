// Package riscv64 describes 64-bit RISC-V to the linker (RISC-V ELF psABI).
package riscv64

import (
	"debug/elf"
	"encoding/binary"
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/machine"
)

// e_flags of the psABI.
const (
	efRVC         = 0x1 // compressed instructions: Go's assembler uses them
	efFloatDouble = 0x4 // floating-point arguments in 64-bit registers
)

// Relocation types that debug/elf does not name or that need a remark.
const (
	rAbs32       = uint32(elf.R_RISCV_32)
	rAbs64       = uint32(elf.R_RISCV_64)
	rJAL         = uint32(elf.R_RISCV_JAL)
	rPCRelHi20   = uint32(elf.R_RISCV_PCREL_HI20)
	rPCRelLo12I  = uint32(elf.R_RISCV_PCREL_LO12_I)
	rPCRelLo12S  = uint32(elf.R_RISCV_PCREL_LO12_S)
	rTLSGotHi20  = uint32(elf.R_RISCV_TLS_GOT_HI20)
	rTPRelHi20   = uint32(elf.R_RISCV_TPREL_HI20)
	rTPRelLo12I  = uint32(elf.R_RISCV_TPREL_LO12_I)
	rTPRelLo12S  = uint32(elf.R_RISCV_TPREL_LO12_S)
	opcodeMask   = 0x7f
	opcodeAUIPC  = 0x17
	opcodeLUI    = 0x37
	opcodeOpImm  = 0x13 // ADDI and others by funct3
	opcodeOpImmW = 0x1b // ADDIW and others
	opcodeLoad   = 0x03
	opcodeStore  = 0x23
	opcodeFloat  = 0x04 // makes a load or store one of a floating-point register
	opcodeJAL    = 0x6f
	opcodeJALR   = 0x67
	funct3       = 7 << 12
	funct3LD     = 3 << 12
	rdMask       = 0x1f << 7
	rs1Mask      = 0x1f << 15
	upperImmMask = 0xfffff000
)

// Arch is the machine.
var Arch = &arch.Arch{
	Machine:  machine.RISCV64,
	Flags:    efRVC | efFloatDouble,
	PageSize: 4 << 10,
	// The thread pointer points to the TLS block (TLS variant I, no gap).
	TLSOffset: func(_, _ uint64) int64 { return 0 },
	Relocs: map[uint32]arch.Reloc{
		rAbs64:      {Name: "R_RISCV_64", Class: arch.Address, Size: 8, Apply: arch.Put64},
		rAbs32:      {Name: "R_RISCV_32", Class: arch.Absolute, Size: 4, Apply: arch.Put32},
		rJAL:        {Name: "R_RISCV_JAL", Class: arch.Relative, Size: 4, Apply: jal},
		rPCRelHi20:  {Name: "R_RISCV_PCREL_HI20", Class: arch.Relative, Size: 4, Apply: pcrelHi20},
		rPCRelLo12I: {Name: "R_RISCV_PCREL_LO12_I", Class: arch.Low, Size: 4, Apply: pcrelLo12I, ApplyTLS: tlsGotLo12I},
		rPCRelLo12S: {Name: "R_RISCV_PCREL_LO12_S", Class: arch.Low, Size: 4, Apply: pcrelLo12S},
		rTLSGotHi20: {Name: "R_RISCV_TLS_GOT_HI20", Class: arch.TLSHigh, Size: 4, Apply: tlsGotHi20},
		rTPRelHi20:  {Name: "R_RISCV_TPREL_HI20", Class: arch.TLS, Size: 4, Apply: tprelHi20},
		rTPRelLo12I: {Name: "R_RISCV_TPREL_LO12_I", Class: arch.TLS, Size: 4, Apply: tprelLo12I},
		rTPRelLo12S: {Name: "R_RISCV_TPREL_LO12_S", Class: arch.TLS, Size: 4, Apply: tprelLo12S},
	},
	EntryExe:  entryExe,
	EntryPIE:  entryPIE,
	EntryHuge: entryHuge,
	Unpacker:  unpacker,
	GoRelocs: map[goobj.RelocType][]arch.GoReloc{
		goobj.RelocRISCVPCRelIType: {{Type: rPCRelHi20}, {Type: rPCRelLo12I, Off: 4, Low: true}},
		goobj.RelocRISCVPCRelSType: {{Type: rPCRelHi20}, {Type: rPCRelLo12S, Off: 4, Low: true}},
		goobj.RelocRISCVCall:       {{Type: rPCRelHi20}, {Type: rPCRelLo12I, Off: 4, Low: true}},
		goobj.RelocRISCVJAL:        {{Type: rJAL}},
		goobj.RelocAddr:            {{Type: rAbs64}},
	},
	GoTLSRelocs: map[goobj.RelocType][]arch.GoReloc{
		goobj.RelocRISCVTLSIE: {{Type: rTLSGotHi20}, {Type: rPCRelLo12I, Off: 4, Low: true}},
		goobj.RelocRISCVTLSLE: {{Type: rTPRelHi20}, {Type: rTPRelLo12I, Off: 4}},
	},
}

// setBits replaces the bits of the instruction at b that mask selects, after
// checking its opcode.
func setBits(b []byte, opcode, mask, bits uint32) error {
	in := binary.LittleEndian.Uint32(b)
	if in&opcodeMask != opcode {
		return fmt.Errorf("instruction % x, want opcode %#x", b, opcode)
	}
	binary.LittleEndian.PutUint32(b, in&^mask|bits&mask)
	return nil
}

// split returns the upper 20 and the signed lower 12 bits that add up to v.
func split(v int64) (hi, lo uint32, err error) {
	up := v + 0x800
	return uint32(up) & upperImmMask, uint32(v) & 0xfff, arch.CheckSigned(up, 32, 1)
}

// setI and setS set the 12-bit immediate of an I-type and of an S-type instruction.
func setI(b []byte, lo uint32) error {
	switch op := binary.LittleEndian.Uint32(b) & opcodeMask; op {
	case opcodeOpImm, opcodeOpImmW, opcodeJALR, opcodeLoad, opcodeLoad | opcodeFloat:
		return setBits(b, op, 0xfff<<20, lo<<20)
	}
	return fmt.Errorf("instruction % x, want one with a 12-bit immediate", b)
}

func setS(b []byte, lo uint32) error {
	op := binary.LittleEndian.Uint32(b) & opcodeMask
	if op != opcodeStore && op != opcodeStore|opcodeFloat {
		return fmt.Errorf("instruction % x, want a store", b)
	}
	return setBits(b, op, 0x7f<<25|0x1f<<7, lo>>5<<25|lo&0x1f<<7)
}

func jal(b []byte, p, t uint64) error {
	d := int64(t - p)
	u := uint32(d)
	imm := u>>20&1<<31 | u>>1&0x3ff<<21 | u>>11&1<<20 | u>>12&0xff<<12
	if err := setBits(b, opcodeJAL, upperImmMask, imm); err != nil {
		return err
	}
	return arch.CheckSigned(d, 21, 2)
}

func pcrelHi20(b []byte, p, t uint64) error {
	hi, _, err := split(int64(t - p))
	if err != nil {
		return err
	}
	return setBits(b, opcodeAUIPC, upperImmMask, hi)
}

func pcrelLo12I(b []byte, p, t uint64) error {
	_, lo, err := split(int64(t - p))
	if err != nil {
		return err
	}
	return setI(b, lo)
}

func pcrelLo12S(b []byte, p, t uint64) error {
	_, lo, err := split(int64(t - p))
	if err != nil {
		return err
	}
	return setS(b, lo)
}

func tprelHi20(b []byte, _, t uint64) error {
	hi, _, err := split(int64(t))
	if err != nil {
		return err
	}
	return setBits(b, opcodeLUI, upperImmMask, hi)
}

func tprelLo12I(b []byte, _, t uint64) error { return pcrelLo12I(b, 0, t) }
func tprelLo12S(b []byte, _, t uint64) error { return pcrelLo12S(b, 0, t) }

// tlsGotHi20 and tlsGotLo12I relax "AUIPC x, got; LD lo(x), y" into "LUI x, hi;
// ADDI y, x, lo": the offset is known, so no GOT is needed.
func tlsGotHi20(b []byte, _, t uint64) error {
	hi, _, err := split(int64(t))
	if err != nil {
		return err
	}
	in := binary.LittleEndian.Uint32(b)
	if in&opcodeMask != opcodeAUIPC {
		return fmt.Errorf("instruction % x, want AUIPC", b)
	}
	binary.LittleEndian.PutUint32(b, opcodeLUI|in&rdMask|hi)
	return nil
}

func tlsGotLo12I(b []byte, _, t uint64) error {
	_, lo, err := split(int64(t))
	if err != nil {
		return err
	}
	in := binary.LittleEndian.Uint32(b)
	if in&(opcodeMask|funct3) != opcodeLoad|funct3LD {
		return fmt.Errorf("instruction % x, want LD", b)
	}
	binary.LittleEndian.PutUint32(b, opcodeOpImm|in&(rdMask|rs1Mask)|lo<<20)
	return nil
}
