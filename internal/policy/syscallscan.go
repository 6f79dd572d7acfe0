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

import (
	"bytes"
	"encoding/binary"

	"github.com/go3s/rules_go3s/internal/disasm"
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
		n := disasm.LenAMD64(b)
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
