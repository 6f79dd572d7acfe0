package disasm

// expandRISCV64 returns the instruction of 32 bits that the compressed instruction
// c stands for, 0 when it stands for none (RISC-V Instruction Set Manual, Volume
// I, chapter "C" Extension, tables of quadrants 0 to 2, RV64).
func expandRISCV64(c uint16) uint32 {
	w := uint32(c)
	// f returns n bits of w from bit at on, moved to bit to.
	f := func(at, n, to int) uint32 { return field(w, at, n) << to }
	rd, rs2 := field(w, 7, 5), field(w, 2, 5)               // full registers
	rdShort, rs2Short := 8+field(w, 7, 3), 8+field(w, 2, 3) // x8 to x15
	imm6 := uint32(int32(f(12, 1, 31))>>26) | f(2, 5, 0)    // signed
	r := func(op, funct3, funct7, rd, rs1, rs2 uint32) uint32 {
		return funct7<<25 | rs2<<20 | rs1<<15 | funct3<<12 | rd<<7 | op
	}
	i := func(op, funct3, rd, rs1, imm uint32) uint32 { return imm<<20 | rs1<<15 | funct3<<12 | rd<<7 | op }
	s := func(op, funct3, rs1, rs2, imm uint32) uint32 {
		return imm>>5<<25 | rs2<<20 | rs1<<15 | funct3<<12 | imm&0x1f<<7 | op
	}
	word := f(6, 1, 2) | f(10, 3, 3) | f(5, 1, 6)
	double := f(10, 3, 3) | f(5, 2, 6)
	switch w&3<<3 | w>>13 {
	case 0<<3 | 0: // C.ADDI4SPN
		imm := f(6, 1, 2) | f(5, 1, 3) | f(11, 2, 4) | f(7, 4, 6)
		if imm == 0 {
			return 0
		}
		return i(0x13, 0, rs2Short, 2, imm)
	case 0<<3 | 1: // C.FLD
		return i(0x07, 3, rs2Short, rdShort, double)
	case 0<<3 | 2: // C.LW
		return i(0x03, 2, rs2Short, rdShort, word)
	case 0<<3 | 3: // C.LD
		return i(0x03, 3, rs2Short, rdShort, double)
	case 0<<3 | 5: // C.FSD
		return s(0x27, 3, rdShort, rs2Short, double)
	case 0<<3 | 6: // C.SW
		return s(0x23, 2, rdShort, rs2Short, word)
	case 0<<3 | 7: // C.SD
		return s(0x23, 3, rdShort, rs2Short, double)
	case 1<<3 | 0: // C.ADDI, C.NOP
		return i(0x13, 0, rd, rd, imm6&0xfff)
	case 1<<3 | 1: // C.ADDIW
		if rd == 0 {
			return 0
		}
		return i(0x1b, 0, rd, rd, imm6&0xfff)
	case 1<<3 | 2: // C.LI
		return i(0x13, 0, rd, 0, imm6&0xfff)
	case 1<<3 | 3:
		if rd == 2 { // C.ADDI16SP
			imm := uint32(int32(f(12, 1, 31))>>22) | f(6, 1, 4) | f(2, 1, 5) | f(5, 1, 6) | f(3, 2, 7)
			if imm == 0 {
				return 0
			}
			return i(0x13, 0, 2, 2, imm&0xfff)
		}
		if imm6 == 0 {
			return 0
		}
		return imm6<<12 | rd<<7 | 0x37 // C.LUI
	case 1<<3 | 4:
		shamt := f(12, 1, 5) | f(2, 5, 0)
		switch field(w, 10, 2) {
		case 0: // C.SRLI
			return i(0x13, 5, rdShort, rdShort, shamt)
		case 1: // C.SRAI
			return i(0x13, 5, rdShort, rdShort, shamt|0x400)
		case 2: // C.ANDI
			return i(0x13, 7, rdShort, rdShort, imm6&0xfff)
		}
		switch f(12, 1, 2) | field(w, 5, 2) {
		case 0: // C.SUB
			return r(0x33, 0, 0x20, rdShort, rdShort, rs2Short)
		case 1: // C.XOR
			return r(0x33, 4, 0, rdShort, rdShort, rs2Short)
		case 2: // C.OR
			return r(0x33, 6, 0, rdShort, rdShort, rs2Short)
		case 3: // C.AND
			return r(0x33, 7, 0, rdShort, rdShort, rs2Short)
		case 4: // C.SUBW
			return r(0x3b, 0, 0x20, rdShort, rdShort, rs2Short)
		case 5: // C.ADDW
			return r(0x3b, 0, 0, rdShort, rdShort, rs2Short)
		}
		return 0
	case 1<<3 | 5: // C.J
		imm := uint32(int32(f(12, 1, 31))>>20) | f(3, 3, 1) | f(11, 1, 4) | f(2, 1, 5) | f(7, 1, 6) | f(6, 1, 7) | f(9, 2, 8) | f(8, 1, 10)
		return imm>>20&1<<31 | imm>>1&0x3ff<<21 | imm>>11&1<<20 | imm>>12&0xff<<12 | 0x6f
	case 1<<3 | 6, 1<<3 | 7: // C.BEQZ, C.BNEZ
		imm := uint32(int32(f(12, 1, 31))>>23) | f(3, 2, 1) | f(10, 2, 3) | f(2, 1, 5) | f(5, 2, 6)
		return imm>>12&1<<31 | imm>>5&0x3f<<25 | rdShort<<15 | (w>>13&1)<<12 | imm>>1&0xf<<8 | imm>>11&1<<7 | 0x63
	case 2<<3 | 0: // C.SLLI
		return i(0x13, 1, rd, rd, f(12, 1, 5)|f(2, 5, 0))
	case 2<<3 | 1: // C.FLDSP
		return i(0x07, 3, rd, 2, f(5, 2, 3)|f(12, 1, 5)|f(2, 3, 6))
	case 2<<3 | 2: // C.LWSP
		if rd == 0 {
			return 0
		}
		return i(0x03, 2, rd, 2, f(4, 3, 2)|f(12, 1, 5)|f(2, 2, 6))
	case 2<<3 | 3: // C.LDSP
		if rd == 0 {
			return 0
		}
		return i(0x03, 3, rd, 2, f(5, 2, 3)|f(12, 1, 5)|f(2, 3, 6))
	case 2<<3 | 4:
		switch high := field(w, 12, 1); {
		case high == 0 && rs2 == 0 && rd != 0: // C.JR
			return i(0x67, 0, 0, rd, 0)
		case high == 0 && rs2 != 0: // C.MV
			return r(0x33, 0, 0, rd, 0, rs2)
		case high == 1 && rs2 == 0 && rd == 0: // C.EBREAK
			return 0x00100073
		case high == 1 && rs2 == 0: // C.JALR
			return i(0x67, 0, 1, rd, 0)
		case high == 1: // C.ADD
			return r(0x33, 0, 0, rd, rd, rs2)
		}
		return 0
	case 2<<3 | 5: // C.FSDSP
		return s(0x27, 3, 2, rs2, f(10, 3, 3)|f(7, 3, 6))
	case 2<<3 | 6: // C.SWSP
		return s(0x23, 2, 2, rs2, f(9, 4, 2)|f(7, 2, 6))
	case 2<<3 | 7: // C.SDSP
		return s(0x23, 3, 2, rs2, f(10, 3, 3)|f(7, 3, 6))
	}
	return 0
}
