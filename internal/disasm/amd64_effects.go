package disasm

import "golang.org/x/arch/x86/x86asm"

// gprAMD64 returns the number and the size in bytes of an integer register.
func gprAMD64(r x86asm.Reg) (Reg, uint8) {
	switch {
	case r >= x86asm.AL && r <= x86asm.BL:
		return Reg(r - x86asm.AL), 1
	case r >= x86asm.AH && r <= x86asm.BH:
		return Reg(r - x86asm.AH), 1
	case r >= x86asm.SPB && r <= x86asm.R15B:
		return Reg(r-x86asm.SPB) + rsp, 1
	case r >= x86asm.AX && r <= x86asm.R15W:
		return Reg(r - x86asm.AX), 2
	case r >= x86asm.EAX && r <= x86asm.R15L:
		return Reg(r - x86asm.EAX), 4
	case r >= x86asm.RAX && r <= x86asm.R15:
		return Reg(r - x86asm.RAX), 8
	}
	return NoReg, 0
}

// implicitAMD64 are registers that instructions write without naming them.
var implicitAMD64 = map[x86asm.Op][]Reg{
	x86asm.MUL: {rax, rdx}, x86asm.DIV: {rax, rdx}, x86asm.IDIV: {rax, rdx},
	x86asm.CBW: {rax}, x86asm.CWDE: {rax}, x86asm.CDQE: {rax}, x86asm.CWD: {rdx}, x86asm.CDQ: {rdx}, x86asm.CQO: {rdx},
	x86asm.CPUID: {rax, rbx, rcx, rdx}, x86asm.RDTSC: {rax, rdx}, x86asm.RDTSCP: {rax, rcx, rdx}, x86asm.RDPMC: {rax, rdx},
	x86asm.RDMSR: {rax, rdx}, x86asm.XGETBV: {rax, rdx}, x86asm.CMPXCHG: {rax}, x86asm.CMPXCHG8B: {rax, rdx},
	x86asm.CMPXCHG16B: {rax, rdx}, x86asm.LAHF: {rax}, x86asm.XLATB: {rax}, x86asm.IN: {rax}, x86asm.LOOP: {rcx},
	x86asm.LOOPE: {rcx}, x86asm.LOOPNE: {rcx}, x86asm.PCMPESTRI: {rcx}, x86asm.PCMPISTRI: {rcx},
	x86asm.SYSCALL: {rax, rcx, r11}, x86asm.SYSENTER: {rax, rcx, rdx}, x86asm.INT: {rax},
	x86asm.LODSB: {rax, rsi, rcx}, x86asm.LODSW: {rax, rsi, rcx}, x86asm.LODSD: {rax, rsi, rcx}, x86asm.LODSQ: {rax, rsi, rcx},
}

// readOnlyAMD64 are instructions that write nothing but flags and vector registers.
var readOnlyAMD64 = map[x86asm.Op]bool{
	x86asm.CMP: true, x86asm.TEST: true, x86asm.BT: true, x86asm.NOP: true, x86asm.PAUSE: true, x86asm.LFENCE: true,
	x86asm.MFENCE: true, x86asm.SFENCE: true, x86asm.UCOMISD: true, x86asm.UCOMISS: true, x86asm.COMISD: true, x86asm.COMISS: true,
	x86asm.PTEST: true, x86asm.PREFETCHNTA: true, x86asm.PREFETCHT0: true, x86asm.PREFETCHT1: true, x86asm.PREFETCHT2: true,
	x86asm.PREFETCHW: true, x86asm.JMP: true, x86asm.RET: true, x86asm.CALL: true, x86asm.CLFLUSH: true, x86asm.CLD: true, x86asm.STD: true,
}

func effectsAMD64(out []Effect, code []byte, pc uint64) []Effect {
	inst, ok := instAMD64(code)
	if !ok { // a vector instruction, of which only the length is known
		return append(out, Effect{Op: ClobberAll}, Effect{Op: StoreAny})
	}
	// memory returns base register and offset of an operand; ok is false where the address
	// depends on more.
	memory := func(m x86asm.Mem) (base Reg, off int64, ok bool) {
		if m.Segment != 0 || m.Index != 0 {
			return NoReg, 0, false
		}
		disp := int64(int32(m.Disp)) // x86asm leaves 32-bit ones unsigned
		switch m.Base {
		case 0:
			return NoReg, disp, true
		case x86asm.RIP:
			return NoReg, int64(pc) + int64(inst.Len) + disp, true
		}
		base, size := gprAMD64(m.Base)
		return base, disp, size == 8
	}
	// write is what an instruction does that writes an unknown value to arg.
	write := func(arg x86asm.Arg) {
		switch arg := arg.(type) {
		case x86asm.Reg:
			if r, _ := gprAMD64(arg); r != NoReg {
				out = append(out, Effect{Op: Clobber, Dst: r})
			}
		case x86asm.Mem:
			if base, off, ok := memory(arg); ok {
				out = append(out, Effect{Op: Store, Dst: base, Imm: off, Src: NoReg, Size: uint8(max(inst.MemBytes, 1))})
			} else {
				out = append(out, Effect{Op: StoreAny})
			}
		}
	}
	a0, a1 := inst.Args[0], inst.Args[1]
	d, dsize := NoReg, uint8(0)
	if r, ok := a0.(x86asm.Reg); ok {
		d, dsize = gprAMD64(r)
	}
	s, ssize := NoReg, uint8(0)
	if r, ok := a1.(x86asm.Reg); ok {
		s, ssize = gprAMD64(r)
	}
	imm, isImm := a1.(x86asm.Imm)
	mem0, isMem0 := a0.(x86asm.Mem)
	mem1, isMem1 := a1.(x86asm.Mem)
	full := dsize >= 4 // the whole register is written

	for _, r := range implicitAMD64[inst.Op] {
		out = append(out, Effect{Op: Clobber, Dst: r})
	}
	switch op := inst.Op; op {
	case x86asm.MOV:
		switch {
		case full && isImm && dsize == 4:
			return append(out, Effect{Op: Set, Dst: d, Imm: int64(uint32(imm))})
		case full && isImm:
			return append(out, Effect{Op: Set, Dst: d, Imm: int64(imm)})
		case full && ssize == dsize:
			return append(out, Effect{Op: Move, Dst: d, Src: s, Size: dsize})
		case full && isMem1:
			if base, off, ok := memory(mem1); ok {
				return append(out, Effect{Op: Load, Dst: d, Src: base, Imm: off, Size: dsize})
			}
		case isMem0:
			base, off, ok := memory(mem0)
			switch {
			case ok && isImm:
				return append(out, Effect{Op: StoreImm, Dst: base, Imm: off, Size: uint8(inst.MemBytes), Value: int64(imm)})
			case ok && s != NoReg:
				return append(out, Effect{Op: Store, Dst: base, Imm: off, Size: ssize, Src: s})
			}
		}
	case x86asm.LEA:
		if base, off, ok := memory(mem1); ok && dsize == 8 {
			if base == NoReg {
				return append(out, Effect{Op: Set, Dst: d, Imm: off})
			}
			return append(out, Effect{Op: Add, Dst: d, Src: base, Imm: off})
		}
	case x86asm.XOR, x86asm.SUB:
		switch {
		case full && d == s && dsize == ssize:
			return append(out, Effect{Op: Set, Dst: d})
		case op == x86asm.SUB && isImm && dsize == 8:
			return append(out, Effect{Op: Add, Dst: d, Src: d, Imm: -int64(imm)})
		case op == x86asm.SUB && dsize == 8 && ssize == 8:
			return append(out, Effect{Op: SubReg, Dst: d, Src: d, Src2: s})
		}
	case x86asm.ADD:
		switch {
		case isImm && dsize == 8:
			return append(out, Effect{Op: Add, Dst: d, Src: d, Imm: int64(imm)})
		case dsize == 8 && ssize == 8:
			return append(out, Effect{Op: AddReg, Dst: d, Src: d, Src2: s})
		}
	case x86asm.INC:
		if dsize == 8 {
			return append(out, Effect{Op: Add, Dst: d, Src: d, Imm: 1})
		}
	case x86asm.DEC:
		if dsize == 8 {
			return append(out, Effect{Op: Add, Dst: d, Src: d, Imm: -1})
		}
	case x86asm.MOVSXD:
		if dsize == 8 && ssize == 4 {
			return append(out, Effect{Op: Add, Dst: d, Src: s, Size: 4, Signed: true})
		}
	case x86asm.CMOVA, x86asm.CMOVAE, x86asm.CMOVB, x86asm.CMOVBE, x86asm.CMOVE, x86asm.CMOVG, x86asm.CMOVGE, x86asm.CMOVL, x86asm.CMOVLE,
		x86asm.CMOVNE, x86asm.CMOVNO, x86asm.CMOVNP, x86asm.CMOVNS, x86asm.CMOVO, x86asm.CMOVP, x86asm.CMOVS:
		if dsize == 8 && ssize == 8 {
			return append(out, Effect{Op: Merge, Dst: d, Src: s})
		}
	case x86asm.PUSH, x86asm.PUSHF, x86asm.PUSHFD, x86asm.PUSHFQ:
		out = append(out, Effect{Op: Add, Dst: rsp, Src: rsp, Imm: -8})
		if v, ok := a0.(x86asm.Imm); ok {
			return append(out, Effect{Op: StoreImm, Dst: rsp, Size: 8, Value: int64(v)})
		}
		return append(out, Effect{Op: Store, Dst: rsp, Size: 8, Src: d})
	case x86asm.POP:
		if dsize == 8 {
			return append(out, Effect{Op: Load, Dst: d, Src: rsp, Size: 8}, Effect{Op: Add, Dst: rsp, Src: rsp, Imm: 8})
		}
		write(a0)
		return append(out, Effect{Op: Add, Dst: rsp, Src: rsp, Imm: 8})
	case x86asm.POPF, x86asm.POPFD, x86asm.POPFQ:
		return append(out, Effect{Op: Add, Dst: rsp, Src: rsp, Imm: 8})
	case x86asm.LEAVE:
		return append(out, Effect{Op: Move, Dst: rsp, Src: rbp, Size: 8}, Effect{Op: Load, Dst: rbp, Src: rsp, Size: 8},
			Effect{Op: Add, Dst: rsp, Src: rsp, Imm: 8})
	case x86asm.ENTER:
		return append(out, Effect{Op: Clobber, Dst: rsp}, Effect{Op: Clobber, Dst: rbp}, Effect{Op: StoreAny})
	case x86asm.XCHG, x86asm.XADD:
		write(a0)
		write(a1)
		return out
	case x86asm.IMUL:
		if a1 == nil { // the form with one operand, which it only reads
			return append(out, Effect{Op: Clobber, Dst: rax}, Effect{Op: Clobber, Dst: rdx})
		}
	case x86asm.MUL, x86asm.DIV, x86asm.IDIV:
		return out
	case x86asm.MOVSB, x86asm.MOVSW, x86asm.MOVSD, x86asm.MOVSQ, x86asm.STOSB, x86asm.STOSW, x86asm.STOSD, x86asm.STOSQ, x86asm.SCASB,
		x86asm.SCASW,
		x86asm.SCASD, x86asm.SCASQ, x86asm.CMPSB, x86asm.CMPSW,
		x86asm.CMPSD, x86asm.CMPSQ, x86asm.INSB, x86asm.INSW, x86asm.INSD, x86asm.MASKMOVQ, x86asm.MASKMOVDQU:
		return append(out, Effect{Op: Clobber, Dst: rcx}, Effect{Op: Clobber, Dst: rsi}, Effect{Op: Clobber, Dst: rdi}, Effect{Op: StoreAny})
	default:
		if readOnlyAMD64[op] {
			return out
		}
	}
	write(a0)
	return out
}
