package disasm

import (
	"bytes"
	"encoding/binary"
	"slices"

	"golang.org/x/arch/x86/x86asm"

	"github.com/go3s/rules_go3s/internal/machine"
)

const (
	rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi Reg = 0, 1, 2, 3, 4, 5, 6, 7
	r11                                    Reg = 11
)

var amd64 = &Arch{
	Machine:        machine.AMD64,
	SP:             rsp,
	SyscallNumber:  rax,
	CallPush:       8,
	decode:         decodeAMD64,
	effects:        effectsAMD64,
	Zero:           NoReg,
	KernelClobbers: []Reg{rax, rcx, r11},
	FramePointer:   rbp,
	ArgRegs:        []Reg{rax, rbx, rcx, rdi, rsi, 8, 9, 10, 11, rdx},
}

// instAMD64 decodes by x86asm; ok is false for what it does not know.
func instAMD64(code []byte) (inst x86asm.Inst, ok bool) {
	// x86asm takes the vector prefixes for the LDS, LES and BOUND of 32-bit code.
	if c := code[0]; c == 0xc4 || c == 0xc5 || c == 0x62 {
		return inst, false
	}
	inst, err := x86asm.Decode(code, 64)
	return inst, err == nil && inst.Op != 0 && !splitsProcessors(&inst, code) && !movesControl(&inst, code)
}

// movesControl reports whether inst, at the start of code, moves a control or debug register, and has an operand in memory besides,
// for which x86asm takes some encodings: the processor takes each for one of registers, which is shorter (Intel SDM vol. 2B,
// "MOV—Move to/from Control Registers").
func movesControl(inst *x86asm.Inst, code []byte) bool {
	if inst.Op != x86asm.MOV || inst.Opcode>>24 != 0x0f || inst.Opcode>>16&0xfc != 0x20 {
		return false
	}
	return inst.Len != bytes.IndexByte(code, 0x0f)+3
}

// splitsProcessors reports whether inst is a near branch with the prefix 66, and without the W of REX. AMD's
// processors take its displacement and its target for 16 bits long then, Intel's ignore the prefix
// (AMD64 APM vol. 3, 1.2.2; Intel SDM vol. 2A, "CALL"): what one runs is inside an instruction of the
// other. No compiler writes that.
func splitsProcessors(inst *x86asm.Inst, code []byte) bool {
	if code[0] != 0x66 && !slices.Contains(code[:inst.Len], 0x66) {
		return false // most
	}
	switch inst.Op {
	case x86asm.CALL, x86asm.JMP, x86asm.RET, x86asm.JA, x86asm.JAE, x86asm.JB, x86asm.JBE, x86asm.JCXZ, x86asm.JE, x86asm.JECXZ, x86asm.JG,
		x86asm.JGE, x86asm.JL, x86asm.JLE, x86asm.JNE, x86asm.JNO, x86asm.JNP, x86asm.JNS, x86asm.JO, x86asm.JP, x86asm.JRCXZ, x86asm.JS,
		x86asm.LOOP, x86asm.LOOPE, x86asm.LOOPNE, x86asm.XBEGIN:
	default:
		return false
	}
	for _, c := range code[:inst.Len] {
		switch {
		case c == 0x66:
			data16 := true
			for _, p := range inst.Prefix {
				if p&0xff&^0xf == 0x40 && p&8 != 0 { // REX.W
					data16 = false
				}
			}
			return data16
		case c == 0x67, c == 0xf0, c == 0xf2, c == 0xf3, c == 0x26, c == 0x2e, c == 0x36, c == 0x3e, c == 0x64, c == 0x65:
		default:
			return false // the prefixes end
		}
	}
	return false
}

// LenAMD64 returns the length in bytes of the amd64 instruction at the start of code, 0
// when it cannot be decoded.
func LenAMD64(code []byte) int {
	if len(code) == 0 {
		return 0
	}
	if inst, ok := instAMD64(code); ok {
		return inst.Len
	}
	if n := vectorInstLen(code); n <= len(code) && n <= 15 { // 15 is the processor's limit
		return n
	}
	return 0
}

func decodeAMD64(code []byte, pc uint64) Inst {
	inst, ok := instAMD64(code)
	if !ok {
		if n := LenAMD64(code); n > 0 {
			return Inst{PC: pc, Len: n}
		}
		return stop(pc, 1)
	}
	i := Inst{PC: pc, Len: inst.Len}
	// direct chooses between the flow to an address in the instruction and to one in
	// a register or in memory.
	direct := func(direct, indirect Flow) {
		i.Flow = indirect
		if rel, ok := inst.Args[0].(x86asm.Rel); ok {
			i.Flow, i.Target = direct, pc+uint64(inst.Len)+uint64(int64(rel))
		}
	}
	switch inst.Op {
	case x86asm.CALL:
		direct(Call, CallIndirect)
	case x86asm.JMP:
		direct(Jump, JumpIndirect)
	case x86asm.JA, x86asm.JAE, x86asm.JB, x86asm.JBE, x86asm.JCXZ, x86asm.JE, x86asm.JECXZ, x86asm.JG, x86asm.JGE, x86asm.JL,
		x86asm.JLE, x86asm.JNE, x86asm.JNO, x86asm.JNP, x86asm.JNS, x86asm.JO, x86asm.JP, x86asm.JRCXZ, x86asm.JS,
		x86asm.LOOP, x86asm.LOOPE, x86asm.LOOPNE, x86asm.XBEGIN:
		direct(Branch, Stop)
	case x86asm.RET:
		i.Flow = Return
	case x86asm.LCALL, x86asm.LJMP, x86asm.LRET, x86asm.IRET, x86asm.IRETD, x86asm.IRETQ, x86asm.SYSRET, x86asm.SYSEXIT:
		i.Flow = Far
	case x86asm.SYSCALL:
		i.Flow = Syscall
	case x86asm.SYSENTER:
		i.Flow = Syscall32
	case x86asm.INT:
		if n, ok := inst.Args[0].(x86asm.Imm); ok && uint8(n) == 0x80 {
			i.Flow = Syscall32
		} else {
			i.Flow = Stop
		}
	case x86asm.UD1, x86asm.UD2, x86asm.HLT:
		i.Flow = Stop
	}
	if i.Target != 0 {
		return i
	}
	for _, arg := range inst.Args {
		if m, ok := arg.(x86asm.Mem); ok && m.Segment == 0 {
			switch {
			case m.Base == x86asm.RIP:
				i.Ref = pc + uint64(inst.Len) + uint64(int64(int32(m.Disp)))
			case m.Base == 0 && m.Index == 0:
				i.Ref = uint64(int64(int32(m.Disp)))
			}
		}
	}
	return i
}

// indirectAMD64 returns the register that the indirect call or jump at the start of code goes to.
func indirectAMD64(code []byte) (Reg, bool) {
	inst, ok := instAMD64(code)
	if !ok {
		return NoReg, false
	}
	r, ok := inst.Args[0].(x86asm.Reg)
	if !ok || r < x86asm.RAX || r > x86asm.R15 {
		return NoReg, false
	}
	return Reg(r - x86asm.RAX), true
}

// immediateAMD64 returns the constant that MOV or PUSH at the start of code has (Intel SDM vol. 2B, "MOV").
func immediateAMD64(code []byte) (uint64, bool) {
	rex := byte(0)
	if code[0]&0xf0 == 0x40 && len(code) > 1 {
		rex, code = code[0], code[1:]
	}
	switch op := code[0]; {
	case op&0xf8 == 0xb8 && rex&8 != 0 && len(code) >= 9: // MOV r64, imm64
		return binary.LittleEndian.Uint64(code[1:]), true
	case (op&0xf8 == 0xb8 || op == 0x68) && len(code) >= 5: // MOV r32, imm32; PUSH imm32
		return uint64(binary.LittleEndian.Uint32(code[1:])), true
	case op == 0xc7 && len(code) >= 6 && code[1]&0xf8 == 0xc0: // MOV r/m, imm32
		return uint64(int64(int32(binary.LittleEndian.Uint32(code[2:])))), true
	}
	return 0, false
}
