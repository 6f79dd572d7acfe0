package disasm

import (
	"encoding/binary"
	"math/bits"

	"github.com/go3s/rules_go3s/internal/machine"
)

// Encodings are those of the Arm Architecture Reference Manual (DDI 0487), C4.1.

const (
	arm64SP   Reg = 31 // as base and in ADD and SUB of the stack pointer
	arm64Zero Reg = 32 // register 31 everywhere else
)

var arm64 = &Arch{
	Machine:        machine.ARM64,
	SP:             arm64SP,
	SyscallNumber:  8,
	decode:         decodeARM64,
	effects:        effectsARM64,
	combine:        true,
	Zero:           arm64Zero,
	KernelClobbers: []Reg{0},
	FramePointer:   29,
	ArgRegs:        []Reg{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 26},
}

// field returns the n bits of w from bit at on.
func field(w uint32, at, n int) uint32 { return w >> at & (1<<n - 1) }

// signed returns the n bits of w from bit at on as a signed number.
func signed(w uint32, at, n int) int64 { return int64(int32(w<<(32-at-n)) >> (32 - n)) }

func decodeARM64(code []byte, pc uint64) Inst {
	if len(code) < 4 {
		return stop(pc, len(code))
	}
	w := binary.LittleEndian.Uint32(code)
	i := Inst{PC: pc, Len: 4}
	to := func(f Flow, offset int64) {
		i.Flow, i.Target = f, pc+uint64(4*offset)
	}
	switch {
	case field(w, 25, 4)&0b1101 == 0: // reserved, and scalable vectors, which Go does not emit
		i.Flow = Stop
	case w>>26 == 0b000101: // B
		to(Jump, signed(w, 0, 26))
	case w>>26 == 0b100101: // BL
		to(Call, signed(w, 0, 26))
	case w>>24 == 0b01010100: // B.cond, BC.cond
		to(Branch, signed(w, 5, 19))
	case w&0x7e000000 == 0x34000000: // CBZ, CBNZ
		to(Branch, signed(w, 5, 19))
	case w&0x7e000000 == 0x36000000: // TBZ, TBNZ
		to(Branch, signed(w, 5, 14))
	case w&0xfe000000 == 0xd6000000: // branches to a register
		switch field(w, 21, 3) {
		case 0b000:
			i.Flow = JumpIndirect
		case 0b001:
			i.Flow = CallIndirect
		case 0b010, 0b100: // RET, ERET
			i.Flow = Return
		default:
			i.Flow = Stop
		}
	case w&0xffe0001f == 0xd4000001: // SVC
		i.Flow = Syscall
	case w>>24 == 0xd4: // BRK, HLT, HVC, SMC
		i.Flow = Stop
	case w&0x9f000000 == 0x10000000: // ADR
		i.Ref = pc + uint64(signed(w, 5, 19)<<2|int64(field(w, 29, 2)))
	case w&0x3b000000 == 0x18000000: // LDR literal
		i.Ref = pc + uint64(4*signed(w, 5, 19))
	}
	return i
}

func effectsARM64(out []Effect, code []byte, pc uint64) []Effect {
	w := binary.LittleEndian.Uint32(code)
	// Register fields, register 31 read as the stack pointer or as zero.
	sp := func(at int) Reg { return Reg(field(w, at, 5)) }
	zr := func(at int) Reg {
		if r := Reg(field(w, at, 5)); r != 31 {
			return r
		}
		return arm64Zero
	}
	size := uint8(4)
	if w>>31 == 1 {
		size = 8
	}
	switch op := field(w, 25, 4); {
	case op&0b1110 == 0b1000:
		return immediateARM64(out, w, pc, size, sp, zr)
	case op&0b0101 == 0b0100:
		return memoryARM64(out, w, pc, sp, zr)
	case op&0b0111 == 0b0101: // data processing on registers
		switch {
		case w&0x7fe0ffe0 == 0x2a0003e0: // ORR with zero: MOV
			return append(out, Effect{Op: Move, Dst: zr(0), Src: zr(16), Size: size})
		case size == 8 && w&0x1fe0fc00 == 0x0b000000: // ADD, SUB without shift
			return append(out, Effect{Op: addOrSub(w), Dst: zr(0), Src: zr(5), Src2: zr(16)})
		case size == 8 && w&0x1fe09c00 == 0x0b200000 && field(w, 13, 2) == 0b11 || size == 8 && w&0x1fe0fc00 == 0x0b206000: // extended by nothing
			d := sp(0)
			if field(w, 29, 1) == 1 {
				d = zr(0)
			}
			return append(out, Effect{Op: addOrSub(w), Dst: d, Src: sp(5), Src2: zr(16)})
		case size == 8 && w&0x1fe00c00 == 0x1a800000 && field(w, 30, 1) == 0: // CSEL
			return append(out, Effect{Op: Move, Dst: zr(0), Src: zr(5), Size: 8}, Effect{Op: Merge, Dst: zr(0), Src: zr(16)})
		}
		return append(out, Effect{Op: Clobber, Dst: zr(0)})
	case op&0b0111 == 0b0111: // floating point; some of these write an integer register
		return append(out, Effect{Op: Clobber, Dst: zr(0)})
	case w&0xfff00000 == 0xd5300000: // MRS
		return append(out, Effect{Op: Clobber, Dst: zr(0)})
	case w&0xfff80000 == 0xd5280000: // SYSL
		return append(out, Effect{Op: Clobber, Dst: zr(0)})
	}
	return out
}

func addOrSub(w uint32) Op {
	if field(w, 30, 1) == 1 {
		return SubReg
	}
	return AddReg
}

// immediateARM64 is for data processing with immediates (C4.1.92).
func immediateARM64(out []Effect, w uint32, pc uint64, size uint8, sp, zr func(int) Reg) []Effect {
	switch field(w, 23, 3) {
	case 0b000, 0b001: // ADR, ADRP
		off := signed(w, 5, 19)<<2 | int64(field(w, 29, 2))
		if w>>31 == 0 {
			return append(out, Effect{Op: Set, Dst: zr(0), Imm: int64(pc) + off})
		}
		return append(out, Effect{Op: Set, Dst: zr(0), Imm: int64(pc&^0xfff) + off<<12})
	case 0b010: // ADD, SUB
		imm := int64(field(w, 10, 12)) << (12 * field(w, 22, 1))
		if field(w, 30, 1) == 1 {
			imm = -imm
		}
		d := sp(0)
		if field(w, 29, 1) == 1 { // with flags
			d = zr(0)
		}
		if size == 8 {
			return append(out, Effect{Op: Add, Dst: d, Src: sp(5), Imm: imm})
		}
		return append(out, Effect{Op: Clobber, Dst: d})
	case 0b100: // logical
		d := sp(0)
		opc := field(w, 29, 2)
		if opc == 0b11 { // ANDS
			d = zr(0)
		}
		if imm, ok := bitmask(field(w, 22, 1), field(w, 10, 6), field(w, 16, 6)); ok && opc == 0b01 && field(w, 5, 5) == 31 {
			if size == 4 {
				imm = uint64(uint32(imm))
			}
			return append(out, Effect{Op: Set, Dst: d, Imm: int64(imm)})
		}
		return append(out, Effect{Op: Clobber, Dst: d})
	case 0b101: // MOVN, MOVZ, MOVK
		imm, shift := uint64(field(w, 5, 16)), 16*field(w, 21, 2)
		v := imm << shift
		switch field(w, 29, 2) {
		case 0b00:
			v = ^v
			fallthrough
		case 0b10:
			if size == 4 {
				v = uint64(uint32(v))
			}
			return append(out, Effect{Op: Set, Dst: zr(0), Imm: int64(v)})
		case 0b11:
			return append(out, Effect{Op: Insert, Dst: zr(0), Imm: int64(imm), Shift: uint8(shift), Size: size})
		}
	}
	return append(out, Effect{Op: Clobber, Dst: zr(0)})
}

// bitmask returns the value of a logical immediate (DDI 0487, DecodeBitMasks).
func bitmask(n, imms, immr uint32) (uint64, bool) {
	length := bits.Len32(n<<6|^imms&0x3f) - 1
	if length < 1 {
		return 0, false
	}
	esize := uint32(1) << length
	s, r := imms&(esize-1), immr&(esize-1)
	if s == esize-1 {
		return 0, false
	}
	elem := uint64(1)<<(s+1) - 1
	if r != 0 {
		elem = elem>>r | elem<<(esize-r)
		if esize < 64 {
			elem &= 1<<esize - 1
		}
	}
	v := uint64(0)
	for i := uint32(0); i < 64; i += esize {
		v |= elem << i
	}
	return v, true
}

// memoryARM64 is for loads and stores (C4.1.94).
func memoryARM64(out []Effect, w uint32, pc uint64, sp, zr func(int) Reg) []Effect {
	vector := field(w, 26, 1) == 1
	base := sp(5)
	// access is a load or store of one register at base + off. opc 0 stores.
	access := func(opc uint32, scale uint32, off int64, t Reg) {
		size := uint8(1) << scale
		switch {
		case vector && opc&1 == 0:
			out = append(out, Effect{Op: Store, Dst: base, Imm: off, Src: NoReg, Size: size})
		case vector:
		case opc == 0:
			out = append(out, Effect{Op: Store, Dst: base, Imm: off, Src: t, Size: size})
		case opc == 1:
			out = append(out, Effect{Op: Load, Dst: t, Src: base, Imm: off, Size: size})
		case scale == 3: // PRFM
		case scale == 2 && opc == 2:
			out = append(out, Effect{Op: Load, Dst: t, Src: base, Imm: off, Size: size, Signed: true})
		default:
			out = append(out, Effect{Op: Clobber, Dst: t})
		}
	}
	scale, opc := field(w, 30, 2), field(w, 22, 2)
	if vector && opc&2 != 0 {
		scale = 4
	}
	switch {
	case w&0x3b000000 == 0x39000000: // unsigned offset
		access(opc, scale, int64(field(w, 10, 12))<<scale, zr(0))
		return out
	case w&0x3b200000 == 0x38000000: // 9-bit offset
		off := signed(w, 12, 9)
		update := Effect{Op: Add, Dst: base, Src: base, Imm: off}
		switch field(w, 10, 2) {
		case 0b01: // post-indexed
			access(opc, scale, 0, zr(0))
			out = append(out, update)
		case 0b11: // pre-indexed
			out = append(out, update)
			access(opc, scale, 0, zr(0))
		default:
			access(opc, scale, off, zr(0))
		}
		return out
	case w&0x3b200c00 == 0x38200800: // register offset
		switch {
		case vector && opc&1 == 1:
		case vector || opc == 0:
			out = append(out, Effect{Op: StoreAny})
		default:
			out = append(out, Effect{Op: Clobber, Dst: zr(0)})
		}
		return out
	case w&0x3a000000 == 0x28000000: // pairs
		load := field(w, 22, 1)
		var scale uint32
		switch opc := field(w, 30, 2); {
		case vector:
			scale = 2 + opc
		case opc == 0b10:
			scale = 3
		default:
			scale = 2
		}
		off := signed(w, 15, 7) << scale
		mode := field(w, 23, 2)
		update := Effect{Op: Add, Dst: base, Src: base, Imm: off}
		first := off
		switch mode {
		case 0b01:
			first = 0
		case 0b11:
			first = 0
			out = append(out, update)
		}
		access(load, scale, first, zr(0))
		access(load, scale, first+1<<scale, zr(10))
		if mode == 0b01 {
			out = append(out, update)
		}
		return out
	case w&0x3b000000 == 0x18000000: // LDR literal
		addr := int64(pc) + 4*signed(w, 5, 19)
		switch {
		case vector || scale == 3:
		case scale == 2:
			out = append(out, Effect{Op: Load, Dst: zr(0), Src: NoReg, Imm: addr, Size: 4, Signed: true})
		default:
			out = append(out, Effect{Op: Load, Dst: zr(0), Src: NoReg, Imm: addr, Size: 4 << scale})
		}
		return out
	}
	// Atomic and exclusive ones, and vector structures: what they may write.
	return append(out, Effect{Op: Clobber, Dst: zr(0)}, Effect{Op: Clobber, Dst: zr(10)}, Effect{Op: Clobber, Dst: zr(16)},
		Effect{Op: Clobber, Dst: base}, Effect{Op: StoreAny})
}
