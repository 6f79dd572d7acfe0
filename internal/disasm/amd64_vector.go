package disasm

// vectorInstLen returns the length of an instruction with a VEX or EVEX prefix,
// or of the opcode maps 0F 38, 0F 3A and the few 0F opcodes that x86asm lacks
// (Intel SDM vol. 2A, 2.1 to 2.7 and appendix A). It returns 0 for any other and
// may exceed len(b) when b is cut off.
func vectorInstLen(b []byte) int {
	at := func(i int) byte {
		if i < len(b) {
			return b[i]
		}
		return 0
	}
	var opcodeMap, i int // i will be the offset of the opcode
	switch at(0) {
	case 0xc5: // 2-byte VEX
		opcodeMap, i = 1, 2
	case 0xc4: // 3-byte VEX
		opcodeMap, i = int(at(1)&0x1f), 3
	case 0x62: // EVEX
		opcodeMap, i = int(at(1)&0x07), 4
	default:
		for i < len(b) && (b[i] == 0x66 || b[i] == 0xf2 || b[i] == 0xf3) {
			i++
		}
		if at(i)&0xf0 == 0x40 { // REX
			i++
		}
		if at(i) != 0x0f {
			return 0
		}
		switch op := at(i + 1); op {
		case 0x38:
			opcodeMap, i = 2, i+2
		case 0x3a:
			opcodeMap, i = 3, i+2
		case 0x01, 0x0d, 0x1e, 0x1f, 0xae, 0xb8, 0xbc, 0xbd, 0xc7:
			return i + 2 + modRMLen(b[min(i+2, len(b)):])
		default:
			return 0
		}
	}
	op := at(i)
	if opcodeMap == 1 && op == 0x77 { // VZEROUPPER, VZEROALL
		return i + 1
	}
	imm := 0
	switch {
	case opcodeMap < 1 || opcodeMap > 3:
		return 0
	case opcodeMap == 3:
		imm = 1
	case opcodeMap == 1:
		switch op {
		case 0x70, 0x71, 0x72, 0x73, 0xc2, 0xc4, 0xc5, 0xc6:
			imm = 1
		}
	}
	return i + 1 + modRMLen(b[min(i+1, len(b)):]) + imm
}

// modRMLen returns the bytes of the ModR/M byte at the start of b, its SIB byte
// and displacement, with 64-bit addresses.
func modRMLen(b []byte) int {
	if len(b) == 0 {
		return 1
	}
	mod, rm := b[0]>>6, b[0]&7
	if mod == 3 {
		return 1
	}
	n := 1
	if rm == 4 {
		n++
		if mod == 0 && len(b) > 1 && b[1]&7 == 5 {
			n += 4
		}
	}
	switch {
	case mod == 1:
		n++
	case mod == 2, mod == 0 && rm == 5:
		n += 4
	}
	return n
}
