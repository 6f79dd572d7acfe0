package policy

// # Executable bytes that are known not to be a program's code
//
// Go's internal linker and programs that strip leave bytes in the executable segment that
// no header accounts for. Each kind is recognised by its whole contents, so that little
// room is left to hide code in:
//
//   - cmd/link begins every PIE with the header of a procedure linkage table, which nothing
//     uses when nothing is imported (cmd/link/internal/<arch>/asm.go, elfsetupplt).
//   - cmd/link puts the section headers after the program headers, in the first segment.
//     A tool that writes them again at the end of the file, as llvm-strip does, or not at all
//     leaves the old ones there.
//   - cmd/link's PT_NOTE covers one note only, so that without section headers nothing tells
//     that the GNU build-id after it is a note.

import (
	"debug/elf"
	"encoding/binary"
	"slices"

	"github.com/go3s/rules_go3s/internal/disasm"
	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// isResidue reports whether code, at addr in an executable segment of f, holds nothing but
// what is known not to be a program's code, and padding.
func isResidue(f *goelf.File, headersEnd, addr uint64, code []byte) bool {
	if addr == headersEnd {
		code = code[oldSectionHeaders(f, code):]
	}
	for {
		for len(code) > 0 && !disasm.IsCode(code[0]) {
			code = code[1:]
		}
		if len(code) == 0 {
			return true
		}
		n := max(pltHeader(f.GOARCH(), code), buildIDNote(code))
		if n == 0 {
			return false
		}
		code = code[n:]
	}
}

// A pattern is instructions in which the bits of mask are fixed.
type pattern struct{ value, mask []byte }

// pltHeaders are the instructions of cmd/link's PLT header; riscv64 has no PIE of
// the internal linker. Displacements are left open.
var pltHeaders = map[string]pattern{
	"amd64": {
		[]byte{0xff, 0x35, 0, 0, 0, 0, 0xff, 0x25, 0, 0, 0, 0, 0x0f, 0x1f, 0x40, 0x00}, // push; jmp; nop
		[]byte{0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff},
	},
	"arm64": instructions(
		0xa9bf7bf0, 0xffffffff, // stp x16, x30, [sp, #-16]!
		0x90000010, 0x9f00001f, // adrp x16
		0xf9400211, 0xffc003ff, // ldr x17, [x16, …]
		0x91000210, 0xffc003ff, // add x16, x16, …
		0xd61f0220, 0xffffffff, // br x17
		0xd503201f, 0xffffffff, 0xd503201f, 0xffffffff, 0xd503201f, 0xffffffff, // nop
	),
}

// at reports whether code begins with p.
func (p pattern) at(code []byte) bool {
	if len(code) < len(p.value) {
		return false
	}
	for i, v := range p.value {
		if code[i]&p.mask[i] != v {
			return false
		}
	}
	return true
}

// instructions returns the pattern of pairs of an instruction word and its mask.
func instructions(pairs ...uint32) (p pattern) {
	for i := 0; i < len(pairs); i += 2 {
		p.value = binary.LittleEndian.AppendUint32(p.value, pairs[i])
		p.mask = binary.LittleEndian.AppendUint32(p.mask, pairs[i+1])
	}
	return p
}

// trampolines are the functions that cmd/link makes for calls of what is far away
// (cmd/link/internal/<arch>/asm.go, gentramp). amd64 has none.
var trampolines = map[string][]pattern{
	"arm64": {instructions(
		0x90000010, 0x9f00001f, // adrp x16
		0x91000210, 0xffc003ff, // add x16, x16, …
		0xd61f0200, 0xffffffff, // br x16
	), instructions(
		0x90000010, 0x9f00001f, // adrp x16
		0xf9400210, 0xffc003ff, // ldr x16, [x16, …]
		0xd61f0200, 0xffffffff, // br x16
	)},
	"riscv64": {instructions(
		0x00000f97, 0x00000fff, // auipc x31
		0x000f8067, 0x000fffff, // jalr x0, …(x31)
	)},
}

// isLinkers reports whether code is a function of Go's linker: nothing but at most a
// trampoline and padding.
func isLinkers(goarch string, code []byte) bool {
	for _, p := range trampolines[goarch] {
		if p.at(code) {
			code = code[len(p.value):]
			break
		}
	}
	return !slices.ContainsFunc(code, disasm.IsCode)
}

// pltHeader returns the size of the PLT header at the start of code, 0 when there is none.
func pltHeader(goarch string, code []byte) int {
	if p, ok := pltHeaders[goarch]; ok && p.at(code) {
		return len(p.value)
	}
	return 0
}

// oldSectionHeaders returns the size of the section header table at the start of code, 0
// when there is none: a null header and others with the members that linkers write.
func oldSectionHeaders(f *goelf.File, code []byte) int {
	const known = elf.SHF_WRITE | elf.SHF_ALLOC | elf.SHF_EXECINSTR | elf.SHF_MERGE | elf.SHF_STRINGS | elf.SHF_INFO_LINK |
		elf.SHF_LINK_ORDER | elf.SHF_TLS | elf.SHF_COMPRESSED
	const limit = 1 << 24 // of names, links and counts
	segs := loads(f)
	le := binary.LittleEndian
	n := 0
	for ; len(code)-n >= goelf.SectionHeaderSize; n += goelf.SectionHeaderSize {
		h := code[n : n+goelf.SectionHeaderSize]
		typ, flags := elf.SectionType(le.Uint32(h[4:])), elf.SectionFlag(le.Uint64(h[8:]))
		addr, off, size, align := le.Uint64(h[16:]), le.Uint64(h[24:]), le.Uint64(h[32:]), le.Uint64(h[48:])
		if n == 0 {
			for _, c := range h {
				if c != 0 {
					return 0
				}
			}
			continue
		}
		_, named := sectionTypes[typ]
		inSegment := addr == 0
		if flags&elf.SHF_ALLOC != 0 {
			s, ok := segs.find(addr, size)
			inSegment = ok && (typ == elf.SHT_NOBITS || off-s.Off == addr-s.Vaddr)
		}
		if !named || !inSegment || flags&^known != 0 || align&(align-1) != 0 || align > limit || size >= 1<<40 || off >= 1<<40 ||
			le.Uint32(h) >= limit || le.Uint32(h[40:]) >= limit || le.Uint32(h[44:]) >= limit || le.Uint64(h[56:]) >= limit {
			break
		}
	}
	if n <= goelf.SectionHeaderSize {
		return 0
	}
	return n
}

// sectionTypes are those of executables.
var sectionTypes = map[elf.SectionType]bool{
	elf.SHT_PROGBITS: true, elf.SHT_SYMTAB: true, elf.SHT_STRTAB: true, elf.SHT_RELA: true, elf.SHT_HASH: true,
	elf.SHT_DYNAMIC: true, elf.SHT_NOTE: true, elf.SHT_NOBITS: true, elf.SHT_REL: true, elf.SHT_DYNSYM: true,
	elf.SHT_GNU_HASH: true, elf.SHT_GNU_VERDEF: true, elf.SHT_GNU_VERNEED: true, elf.SHT_GNU_VERSYM: true,
}

// buildIDNote returns the size of the GNU build-id note at the start of code, 0 when there
// is none. No build-id is longer than a SHA-256 sum.
func buildIDNote(code []byte) int {
	const header = "\x04\x00\x00\x00" // size of the name, in front of that of the description
	if len(code) < 16 || string(code[:4]) != header || string(code[8:16]) != "\x03\x00\x00\x00GNU\x00" {
		return 0
	}
	size := 16 + uint64(binary.LittleEndian.Uint32(code[4:]))
	if size > 16+32 || size > uint64(len(code)) {
		return 0
	}
	return int(size)
}
