package compare

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/disasm"
)

// # Strings in instructions
//
// Where memory can be read at any address, the compiler compares and copies short
// strings by pieces of 8, 4, 2 and 1 bytes that are constants in instructions
// (cmd/compile/internal/walk/compare.go, walkCompareString); riscv64 reads the string
// itself, byte by byte. amd64 has such a constant as bytes in its code. arm64 puts it
// together by MOVZ and MOVK, 16 bits each, or loads it from read-only data, and may compare with its negative.

// hasImmediate reports whether all pieces of s that have 4 bytes or more are
// constants in the program's code. Shorter ones are taken to be. The last piece may
// overlap the one before it.
func (p *Program) hasImmediate(s string) bool {
	for at := 0; at < len(s); {
		left := len(s) - at
		switch {
		case left >= 8 && p.hasConstant(s[at:at+8]):
			at += 8
		case left > 8:
			return false
		case left < 8 && len(s) >= 8 && p.hasConstant(s[len(s)-8:]),
			left < 4 && len(s) >= 4 && p.hasConstant(s[len(s)-4:]):
			return true
		case left >= 4 && p.hasConstant(s[at:at+4]):
			at += 4
		case left >= 4:
			return false
		default:
			at++
		}
	}
	return true
}

// hasConstant reports whether the 4 or 8 bytes are a constant of instructions.
func (p *Program) hasConstant(s string) bool {
	value := uint64(0)
	if len(s) == 8 {
		value = binary.LittleEndian.Uint64([]byte(s))
	} else {
		value = uint64(binary.LittleEndian.Uint32([]byte(s)))
	}
	if found, ok := p.searched[s]; ok {
		return found || p.parts[value]
	}
	return p.parts[value] || bytes.Contains(p.constants, []byte(s))
}

// searchPieces looks for what hasImmediate will ask about texts, in one pass over the code, which is long: a pass for
// each took most of the time of a comparison.
func (p *Program) searchPieces(texts []string) {
	const most = 64                 // bytes of a text; of a longer one the first piece is seldom there
	var first [1 << 14]uint64       // hashes of the first four bytes of pieces
	wanted := map[uint32][]string{} // pieces by their first four bytes
	hash := func(v uint32) (int, uint64) {
		h := v * 0x9e3779b1 >> 12
		return int(h >> 6), 1 << (h & 63)
	}
	want := func(piece string) {
		if _, ok := p.searched[piece]; ok {
			return
		}
		p.searched[piece] = false
		v := binary.LittleEndian.Uint32([]byte(piece))
		wanted[v] = append(wanted[v], piece)
		i, bit := hash(v)
		first[i] |= bit
	}
	for _, s := range texts {
		s = s[:min(len(s), most)]
		for _, size := range []int{4, 8} {
			for at := 0; at+size <= len(s); at += 4 {
				want(s[at : at+size])
			}
			if len(s) >= size {
				want(s[len(s)-size:])
			}
		}
	}
	for at := 0; at+4 <= len(p.constants); at++ {
		v := binary.LittleEndian.Uint32(p.constants[at:])
		if i, bit := hash(v); first[i]&bit == 0 {
			continue
		}
		wanted[v] = slices.DeleteFunc(wanted[v], func(piece string) bool {
			found := strings.HasPrefix(string(p.constants[at:min(at+8, len(p.constants))]), piece)
			if found {
				p.searched[piece] = true
			}
			return found
		})
	}
}

// A builder follows the constants that arm64 code puts together.
type builder struct {
	regs    [256]uint64
	effects []disasm.Effect
}

// step adds to parts what the instruction at the start of code makes.
func (b *builder) step(arch *disasm.Arch, code []byte, pc uint64, parts map[uint64]bool) {
	inst := binary.LittleEndian.Uint32(code)
	if inst&0x7fe0fc1f == 0x2b00001f { // CMN compares with a register subtracted from zero
		v := -b.regs[inst>>16&31]
		parts[v], parts[v&(1<<32-1)] = true, true
		return
	}
	// MOVN, MOVZ, MOVK, and ORR with a pattern of bits.
	if inst&0x1f800000 != 0x12800000 && inst&0x1f800000 != 0x12000000 {
		return
	}
	b.effects = arch.Effects(b.effects[:0], code, pc)
	for _, e := range b.effects {
		switch e.Op {
		case disasm.Set:
			b.regs[e.Dst] = uint64(e.Imm)
		case disasm.Insert:
			b.regs[e.Dst] = b.regs[e.Dst]&^(0xffff<<e.Shift) | uint64(e.Imm)<<e.Shift
		default:
			continue
		}
		parts[b.regs[e.Dst]] = true
		parts[b.regs[e.Dst]&(1<<32-1)] = true
	}
}

// explainTemps explains contents that some programs have less often in the compiler's data of that name: they have it
// elsewhere, or the code has it and nothing of the same size is in its place, unless that is a constant of their code.
func (c *comparison) explainTemps(name string) (rule, reason string) {
	if !strings.HasSuffix(name, temp) {
		return "", ""
	}
	rule, reason = "copies", "all programs have it, but not as often, or by another name: the linker keeps one of equal constants"
	for _, p := range c.programs {
		for _, q := range c.programs {
			lacks, others := missing(p, q, name)
			lacks = slices.DeleteFunc(lacks, q.hasTemp)
			if len(lacks) == 0 {
				continue
			}
			sizes := map[int]bool{}
			for _, other := range others {
				if b := q.temps[other]; !p.hasTemp(other) && !(len(b) == 8 && p.hasConstant(string(b))) {
					sizes[len(b)] = true
				}
			}
			for _, content := range lacks {
				if b := p.temps[content]; b == nil || sizes[len(b)] || !q.hasPieces(b) {
					return "", ""
				}
			}
			rule, reason = "immediate", "the code has it in its instructions"
		}
	}
	return rule, reason
}

// hasTemp reports whether the compiler's data have such contents, by whatever name.
func (p *Program) hasTemp(content string) bool {
	_, ok := p.temps[content]
	return ok
}

// hasPieces reports whether the code has the pieces of b, or they are small numbers.
func (p *Program) hasPieces(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if v := int64(binary.LittleEndian.Uint64(b)); (v < -1<<15 || v >= 1<<15) && !p.hasConstant(string(b[:8])) &&
			!(p.hasConstant(string(b[:4])) && p.hasConstant(string(b[4:8]))) {
			return false
		}
	}
	return len(b) < 4 || p.hasConstant(string(b[:4])) || binary.LittleEndian.Uint32(b) < 1<<16
}
