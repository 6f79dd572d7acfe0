package policy

// # Finding system call instructions
//
// Every instruction by which a program enters the kernel has a fixed encoding:
//
//	amd64    0f 05 (SYSCALL), 0f 34 (SYSENTER), cd 80 (INT 0x80)    Intel SDM vol. 2B
//	arm64    d4 xx xx x1 (SVC #imm16), little-endian word           Arm ARM C6.2
//	riscv64  00000073 (ECALL), little-endian word                   RISC-V unprivileged ISA
//
// On amd64 the two bytes also turn up inside immediates and displacements, on
// riscv64 the four bytes may straddle two instructions, since instructions have
// 2 or 4 bytes. So a match is only a candidate: the function that holds it is
// decoded from its entry, and the candidate counts if an instruction begins
// there. Where decoding fails before the candidate is reached, it counts:
// nobody can show that it is harmless.
//
// What this does not see: code that jumps into the middle of an instruction, and
// code that the program writes at run time.
//
// golang.org/x/arch decodes all of amd64 but VEX, EVEX and some newer opcodes;
// for those the length alone is worked out here, which is all that is needed.

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/arch/x86/x86asm"
)

// syscallScanners finds the system call instructions of each GOARCH.
//
// candidates return the offset of the first place in code that may be one, -1
// for none; they are fast and go over the whole program. scan returns the offsets
// of the real ones in the code of one function.
var syscallScanners = map[string]struct {
	candidates []func(code []byte) int
	scan       func(code []byte) []int
}{
	"amd64":   {[]func([]byte) int{index("\x0f\x05"), index("\x0f\x34"), index("\xcd\x80")}, scanAMD64},
	"arm64":   {[]func([]byte) int{firstARM64}, scanARM64},
	"riscv64": {[]func([]byte) int{index("\x73\x00\x00\x00")}, scanRISCV64},
}

func index(pattern string) func([]byte) int {
	return func(code []byte) int { return bytes.Index(code, []byte(pattern)) }
}

// scanAMD64 decodes code from its start.
func scanAMD64(code []byte) []int {
	var sites []int
	for pc := 0; pc < len(code); {
		b := code[pc:]
		if isSyscallAMD64(skipPrefixes(b)) {
			sites = append(sites, pc)
		}
		n := instLenAMD64(b)
		if n == 0 {
			// Undecodable: take every candidate in the rest.
			for i := pc + 1; i < len(code); i++ {
				if isSyscallAMD64(code[i:]) {
					sites = append(sites, i)
				}
			}
			return sites
		}
		pc += n
	}
	return sites
}

// skipPrefixes returns b without legacy and REX prefixes (Intel SDM vol. 2A, 2.1.1
// and 2.2.1); the processor ignores them on system call instructions.
func skipPrefixes(b []byte) []byte {
	for len(b) > 0 {
		switch c := b[0]; {
		case c == 0x66, c == 0x67, c == 0xf0, c == 0xf2, c == 0xf3,
			c == 0x26, c == 0x2e, c == 0x36, c == 0x3e, c == 0x64, c == 0x65, c&0xf0 == 0x40:
			b = b[1:]
		default:
			return b
		}
	}
	return b
}

func isSyscallAMD64(b []byte) bool {
	return len(b) >= 2 && (b[0] == 0x0f && (b[1] == 0x05 || b[1] == 0x34) || b[0] == 0xcd && b[1] == 0x80)
}

// instLenAMD64 returns the length in bytes of the instruction at the start of b,
// 0 when it cannot be decoded.
func instLenAMD64(b []byte) int {
	// x86asm takes the vector prefixes for the LDS, LES and BOUND of 32-bit code.
	if len(b) > 0 && b[0] != 0xc4 && b[0] != 0xc5 && b[0] != 0x62 {
		if inst, err := x86asm.Decode(b, 64); err == nil && inst.Op != 0 {
			return inst.Len
		}
	}
	if n := vectorInstLen(b); n <= len(b) && n <= 15 { // 15 is the processor's limit
		return n
	}
	return 0
}

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

// firstARM64 returns the offset of the first SVC in code, whose start is aligned
// to 4 as all functions are.
func firstARM64(code []byte) int {
	for i := 0; i+4 <= len(code); i += 4 {
		if binary.LittleEndian.Uint32(code[i:])&0xffe0001f == 0xd4000001 {
			return i
		}
	}
	return -1
}

func scanARM64(code []byte) []int {
	var sites []int
	for pos := 0; ; {
		n := firstARM64(code[pos:])
		if n < 0 {
			return sites
		}
		sites = append(sites, pos+n)
		pos += n + 4
	}
}

func scanRISCV64(code []byte) []int {
	var sites []int
	for i := 0; i+2 <= len(code); {
		if bytes.HasPrefix(code[i:], []byte{0x73, 0, 0, 0}) {
			sites = append(sites, i)
		}
		if code[i]&3 == 3 {
			i += 4
		} else {
			i += 2
		}
	}
	return sites
}
