// Package disasm takes the code of an ELF executable apart: into functions, and
// these into instructions with what analyses need of them, which is where control goes
// (calls, jumps, system calls), which address an instruction names, and, on
// demand, what it does to registers and memory. It is not for printing code.
//
// Functions come from Go's function table, so that stripped files have them too;
// without one from the symbol table; what neither covers is a function without
// a name. It takes any bytes: what cannot be decoded is an instruction of
// its own, [Stop], after which decoding continues.
//
// amd64 is decoded by golang.org/x/arch, which leaves out the vector prefixes; for
// those the length is worked out here. On arm64 and riscv64 a few
// bit patterns tell all that is asked for, many times faster than a full decoder,
// which is the oracle in the tests.
package disasm

import (
	"fmt"

	"github.com/go3s/rules_go3s/internal/machine"
)

// A Flow says where control goes after an instruction.
type Flow uint8

const (
	Next         Flow = iota // to the following instruction
	Call                     // to Target, and back
	CallIndirect             // to an address in a register or in memory, and back
	Jump                     // to Target
	JumpIndirect             // to an address in a register or in memory
	Branch                   // to Target or to the following instruction
	Return                   // to the caller
	Syscall                  // into the kernel, and back
	Syscall32                // into the kernel by an entry of 32-bit programs (INT 0x80, SYSENTER), and back
	Stop                     // nowhere: a trap, or bytes that are not an instruction
	Far                      // to another code segment, such as that of 32-bit programs, in which bytes are other instructions
)

var flowNames = [...]string{"next", "call", "indirect call", "jump", "indirect jump", "branch", "return", "syscall", "32-bit syscall", "stop", "far jump"}

func (f Flow) String() string {
	if int(f) < len(flowNames) {
		return flowNames[f]
	}
	return fmt.Sprintf("Flow(%d)", uint8(f))
}

// An Inst is one instruction.
type Inst struct {
	PC     uint64 // address
	Len    int    // in bytes, at least 1
	Flow   Flow
	Target uint64 // address, for Call, Jump and Branch

	// Ref is an address that the instruction forms, reads or writes and that is known
	// without running the program: relative to the instruction, absolute, or put
	// together with the instructions before it. 0 means none. [Arch.Decode] knows
	// those of a single instruction, [Program.Insts] all.
	Ref uint64

	// Taken says of a Call or Jump to an address in a register that instructions before had put the whole address there,
	// as they do with a function value, and not a part of it, which only this instruction completes.
	Taken bool
}

// A Reg is an integer register by its number in the encoding of instructions.
type Reg uint8

// NoReg stands for no register: of the base of a memory operand, that it is absolute.
const NoReg Reg = 0xff

// An Op is a kind of Effect.
type Op uint8

const (
	Set        Op = iota + 1 // Dst = Imm
	Move                     // Dst = Src; with Size 4 its lower half only
	Merge                    // Dst stays or becomes Src
	Add                      // Dst = Src + Imm; with Size 4 its lower half, sign-extended if Signed
	AddReg                   // Dst = Src + Src2
	SubReg                   // Dst = Src - Src2
	Insert                   // 16 bits of Dst from bit Shift on become Imm
	Load                     // Dst = Size bytes at Src + Imm, extended by zeros or, if Signed, the sign
	Store                    // Size bytes at Dst + Imm = Src; Src NoReg means an unknown value
	StoreImm                 // Size bytes at Dst + Imm = Value
	StoreAny                 // unknown bytes are written through a pointer
	Clobber                  // Dst becomes unknown
	ClobberAll               // all registers but the stack pointer become unknown
)

// An Effect is one thing that an instruction does to integer registers or memory.
// Flags and vector registers are left out.
type Effect struct {
	Op             Op
	Dst, Src, Src2 Reg
	Size           uint8 // bytes
	Shift          uint8 // bits
	Signed         bool
	Imm            int64
	Value          int64
}

// An Arch decodes the instructions of one machine.
type Arch struct {
	*machine.Machine
	SP            Reg // stack pointer
	SyscallNumber Reg // holds the number at a system call
	// CallPush is by how many bytes a call moves the stack pointer down.
	CallPush int64
	// Zero is the register that reads as zero, NoReg if there is none.
	Zero Reg
	// KernelClobbers are the registers that a system call changes.
	KernelClobbers []Reg
	// FramePointer is the register that holds an address of the function's own stack frame by
	// convention, besides SP; NoReg if there is none.
	FramePointer Reg
	// ArgRegs are those that hand integers to a function, its closure included (Go's
	// src/cmd/compile/abi-internal.md).
	ArgRegs []Reg

	decode func(code []byte, pc uint64) Inst
	// effects appends to out. code begins with an instruction that decode did not
	// call Stop.
	effects func(out []Effect, code []byte, pc uint64) []Effect
	// combine says that addresses are put together by several instructions.
	combine bool
}

// Arches are the machines by Go's name.
var Arches = map[string]*Arch{"amd64": amd64, "arm64": arm64, "riscv64": riscv64}

// Decode decodes the instruction at the start of code, which is not empty and
// is at address pc.
func (a *Arch) Decode(code []byte, pc uint64) Inst { return a.decode(code, pc) }

// Effects appends to out what the instruction at the start of code does, in order.
// Control flow is no effect, nor is what the kernel does at a system
// call.
func (a *Arch) Effects(out []Effect, code []byte, pc uint64) []Effect {
	if a.decode(code, pc).Flow == Stop {
		return out
	}
	return a.effects(out, code, pc)
}

// Immediate returns the constant of 32 bits or more that the instruction at the start of code, which is one, puts into a
// register, or pushes. On arm64 and riscv64 several instructions put one together: ok is false.
func (a *Arch) Immediate(code []byte) (n uint64, pushed, ok bool) {
	if a != amd64 {
		return 0, false, false
	}
	n, ok = immediateAMD64(code)
	return n, code[0] == 0x68, ok
}

// IndirectTarget returns the register that the indirect call or jump at the start of code takes its
// target from, and what it adds; ok is false when that is in memory.
func (a *Arch) IndirectTarget(code []byte) (base Reg, off int64, ok bool) {
	if a == amd64 {
		base, ok = indirectAMD64(code)
		return base, 0, ok
	}
	base, off = indirectTarget(a, code)
	return base, off, true
}

// stop is the instruction for n bytes that are none.
func stop(pc uint64, n int) Inst { return Inst{PC: pc, Len: n, Flow: Stop} }
