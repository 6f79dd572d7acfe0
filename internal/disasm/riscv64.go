package disasm

import (
	"encoding/binary"

	"github.com/go3s/rules_go3s/internal/machine"
)

// Encodings are those of The RISC-V Instruction Set Manual, Volume I, chapter
// "RV32/64G Instruction Set Listings".

const (
	riscvRA Reg = 1
	riscvSP Reg = 2
	riscvT0 Reg = 5 // the other link register
	riscvA7 Reg = 17
)

var riscv64 = &Arch{
	Machine:        machine.RISCV64,
	SP:             riscvSP,
	SyscallNumber:  riscvA7,
	decode:         decodeRISCV64,
	effects:        effectsRISCV64,
	combine:        true,
	Zero:           0,
	KernelClobbers: []Reg{10},
	FramePointer:   NoReg,
	ArgRegs:        []Reg{10, 11, 12, 13, 14, 15, 16, 17, 8, 9, 18, 19, 20, 21, 22, 23, 26},
}

// wordRISCV64 returns the instruction at the start of code, a compressed one as
// the instruction that it stands for, and its length; 0 for none.
func wordRISCV64(code []byte) (w uint32, n int) {
	if len(code) < 2 {
		return 0, len(code)
	}
	if code[0]&3 != 3 {
		return expandRISCV64(binary.LittleEndian.Uint16(code)), 2
	}
	if len(code) < 4 || code[0]&0x1f == 0x1f { // longer formats are not in use
		return 0, 2
	}
	return binary.LittleEndian.Uint32(code), 4
}

func decodeRISCV64(code []byte, pc uint64) Inst {
	w, n := wordRISCV64(code)
	if w == 0 {
		return stop(pc, n)
	}
	i := Inst{PC: pc, Len: n}
	rd, rs1 := Reg(field(w, 7, 5)), Reg(field(w, 15, 5))
	link := rd == riscvRA || rd == riscvT0
	switch w & 0x7f {
	case 0x6f: // JAL
		i.Flow, i.Target = Jump, pc+uint64(signed(w, 31, 1)<<20|int64(field(w, 12, 8)<<12|field(w, 20, 1)<<11|field(w, 21, 10)<<1))
		if link {
			i.Flow = Call
		}
	case 0x67: // JALR
		switch {
		case link:
			i.Flow = CallIndirect
		case rs1 == riscvRA || rs1 == riscvT0:
			i.Flow = Return
		default:
			i.Flow = JumpIndirect
		}
	case 0x63: // BEQ and others
		i.Flow, i.Target = Branch, pc+uint64(signed(w, 31, 1)<<12|int64(field(w, 7, 1)<<11|field(w, 25, 6)<<5|field(w, 8, 4)<<1))
	case 0x73: // SYSTEM
		switch {
		case w == 0x00000073: // ECALL
			i.Flow = Syscall
		case w == 0xc0001073: // UNIMP: writes a register that cannot be written
			i.Flow = Stop
		case field(w, 12, 3) == 0: // EBREAK and privileged instructions
			i.Flow = Stop
		}
	case 0x03, 0x07, 0x0f, 0x13, 0x17, 0x1b, 0x23, 0x27, 0x2f, 0x33, 0x37, 0x3b, 0x43, 0x47, 0x4b, 0x4f, 0x53, 0x57:
	default:
		i.Flow = Stop
	}
	return i
}

func effectsRISCV64(out []Effect, code []byte, pc uint64) []Effect {
	w, _ := wordRISCV64(code)
	rd, rs1, rs2 := Reg(field(w, 7, 5)), Reg(field(w, 15, 5)), Reg(field(w, 20, 5))
	funct3, funct7 := field(w, 12, 3), field(w, 25, 7)
	imm := signed(w, 20, 12)
	switch w & 0x7f {
	case 0x37: // LUI
		return append(out, Effect{Op: Set, Dst: rd, Imm: int64(int32(w &^ 0xfff))})
	case 0x17: // AUIPC
		return append(out, Effect{Op: Set, Dst: rd, Imm: int64(pc) + int64(int32(w&^0xfff))})
	case 0x13:
		if funct3 == 0 { // ADDI
			return append(out, Effect{Op: Add, Dst: rd, Src: rs1, Imm: imm, Size: 8})
		}
	case 0x1b:
		if funct3 == 0 { // ADDIW
			return append(out, Effect{Op: Add, Dst: rd, Src: rs1, Imm: imm, Size: 4, Signed: true})
		}
	case 0x33:
		switch {
		case funct3 == 0 && funct7 == 0:
			return append(out, Effect{Op: AddReg, Dst: rd, Src: rs1, Src2: rs2})
		case funct3 == 0 && funct7 == 0x20:
			return append(out, Effect{Op: SubReg, Dst: rd, Src: rs1, Src2: rs2})
		}
	case 0x03: // loads
		return append(out, Effect{Op: Load, Dst: rd, Src: rs1, Imm: imm, Size: 1 << (funct3 & 3), Signed: funct3 < 3})
	case 0x23, 0x27: // stores, of integer and of floating point registers
		off := signed(w, 25, 7)<<5 | int64(field(w, 7, 5))
		e := Effect{Op: Store, Dst: rs1, Imm: off, Src: rs2, Size: 1 << (funct3 & 3)}
		switch {
		case w&0x7f == 0x27 && (funct3 == 0 || funct3 > 4): // vectors
			e = Effect{Op: StoreAny}
		case w&0x7f == 0x27:
			e.Src = NoReg
		}
		return append(out, e)
	case 0x2f: // atomics
		return append(out, Effect{Op: Clobber, Dst: rd}, Effect{Op: StoreAny})
	case 0x07, 0x0f, 0x63, 0x43, 0x47, 0x4b, 0x4f: // floating point loads, fences, branches, fused multiply-add
		return out
	case 0x73:
		if funct3 == 0 {
			return out
		}
	}
	return append(out, Effect{Op: Clobber, Dst: rd}) // all others have a destination there; of 0x53 and 0x57 some
}
