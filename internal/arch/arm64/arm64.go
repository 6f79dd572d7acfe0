// Package arm64 describes AArch64 to the linker (ELF for the Arm 64-bit
// Architecture).
package arm64

import (
	"debug/elf"
	"encoding/binary"
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/machine"
)

// Arch is the machine.
var Arch = &arch.Arch{
	Machine:  machine.ARM64,
	PageSize: 64 << 10,
	// The TLS block follows the two words that the thread pointer points to
	// (TLS variant I).
	TLSOffset: func(_, align uint64) int64 { return int64(max(16, align)) },
	Relocs: map[uint32]arch.Reloc{
		uint32(elf.R_AARCH64_ABS64):               {Name: "R_AARCH64_ABS64", Class: arch.Address, Size: 8, Apply: arch.Put64},
		uint32(elf.R_AARCH64_ABS32):               {Name: "R_AARCH64_ABS32", Class: arch.Absolute, Size: 4, Apply: arch.Put32},
		uint32(elf.R_AARCH64_CALL26):              {Name: "R_AARCH64_CALL26", Class: arch.Relative, Size: 4, Apply: call26},
		uint32(elf.R_AARCH64_ADR_PREL_PG_HI21):    {Name: "R_AARCH64_ADR_PREL_PG_HI21", Class: arch.Relative, Size: 4, Apply: adrp},
		uint32(elf.R_AARCH64_ADD_ABS_LO12_NC):     low12("R_AARCH64_ADD_ABS_LO12_NC", 0),
		uint32(elf.R_AARCH64_LDST8_ABS_LO12_NC):   low12("R_AARCH64_LDST8_ABS_LO12_NC", 0),
		uint32(elf.R_AARCH64_LDST16_ABS_LO12_NC):  low12("R_AARCH64_LDST16_ABS_LO12_NC", 1),
		uint32(elf.R_AARCH64_LDST32_ABS_LO12_NC):  low12("R_AARCH64_LDST32_ABS_LO12_NC", 2),
		uint32(elf.R_AARCH64_LDST64_ABS_LO12_NC):  low12("R_AARCH64_LDST64_ABS_LO12_NC", 3),
		uint32(elf.R_AARCH64_LDST128_ABS_LO12_NC): low12("R_AARCH64_LDST128_ABS_LO12_NC", 4),
		uint32(elf.R_AARCH64_TLSLE_MOVW_TPREL_G0): {Name: "R_AARCH64_TLSLE_MOVW_TPREL_G0", Class: arch.TLS, Size: 4, Apply: movwG0},
		uint32(elf.R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21): {
			Name: "R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21", Class: arch.TLS, Size: 4, Apply: tlsieHigh},
		uint32(elf.R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC): {
			Name: "R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC", Class: arch.TLS, Size: 4, Apply: tlsieLow},
	},
	EntryExe:  entryExe,
	EntryPIE:  entryPIE,
	EntryHuge: entryHuge,
	Unpacker:  unpacker,
	GoRelocs: map[goobj.RelocType][]arch.GoReloc{
		goobj.RelocAddrARM64:           pageAndLow(elf.R_AARCH64_ADD_ABS_LO12_NC),
		goobj.RelocARM64PCRelLDST8:     pageAndLow(elf.R_AARCH64_LDST8_ABS_LO12_NC),
		goobj.RelocARM64PCRelLDST8 + 1: pageAndLow(elf.R_AARCH64_LDST16_ABS_LO12_NC),
		goobj.RelocARM64PCRelLDST8 + 2: pageAndLow(elf.R_AARCH64_LDST32_ABS_LO12_NC),
		goobj.RelocARM64PCRelLDST8 + 3: pageAndLow(elf.R_AARCH64_LDST64_ABS_LO12_NC),
		goobj.RelocCallARM64:           {{Type: uint32(elf.R_AARCH64_CALL26)}},
		goobj.RelocAddr:                {{Type: uint32(elf.R_AARCH64_ABS64)}},
	},
	GoTLSRelocs: map[goobj.RelocType][]arch.GoReloc{
		goobj.RelocARM64TLSLE: {{Type: uint32(elf.R_AARCH64_TLSLE_MOVW_TPREL_G0)}},
		goobj.RelocARM64TLSIE: {
			{Type: uint32(elf.R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21)},
			{Type: uint32(elf.R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC), Off: 4},
		},
	},
}

// pageAndLow is for ADRP, and an instruction with the rest of the address, of relocation type low.
func pageAndLow(low elf.R_AARCH64) []arch.GoReloc {
	return []arch.GoReloc{{Type: uint32(elf.R_AARCH64_ADR_PREL_PG_HI21)}, {Type: uint32(low), Off: 4}}
}

// setBits replaces the bits of the instruction at b that mask selects.
func setBits(b []byte, mask, bits uint32) {
	binary.LittleEndian.PutUint32(b, binary.LittleEndian.Uint32(b)&^mask|bits&mask)
}

// call26 is for B and BL.
func call26(b []byte, p, t uint64) error {
	d := int64(t - p)
	setBits(b, 1<<26-1, uint32(d>>2))
	return arch.CheckSigned(d, 28, 4)
}

// adrp is for ADRP: the distance between the 4 KiB pages of place and target.
func adrp(b []byte, p, t uint64) error {
	d := int64(t&^0xfff - p&^0xfff)
	page := uint32(d >> 12)
	setBits(b, 3<<29|(1<<19-1)<<5, page&3<<29|page>>2&(1<<19-1)<<5)
	return arch.CheckSigned(d, 33, 1)
}

// low12 is for an immediate of 12 bits that counts units of 1<<shift bytes: the
// place of the target in its 4 KiB page, which is the same wherever the file is
// loaded.
func low12(name string, shift uint) arch.Reloc {
	return arch.Reloc{Name: name, Class: arch.Relative, Size: 4, Apply: func(b []byte, _, t uint64) error {
		setBits(b, 0xfff<<10, uint32(t&0xfff>>shift<<10))
		return arch.CheckSigned(int64(t&0xfff), 13, 1<<shift)
	}}
}

const (
	movz    = 0xd2800000 // MOVZ Xd, #imm16
	movk    = 0xf2800000 // MOVK Xd, #imm16
	hw16    = 1 << 21    // shift the immediate by 16
	imm16   = 0xffff << 5
	regMask = 0x1f
)

// movwG0 is for MOVZ of an offset that has 16 bits.
func movwG0(b []byte, _, t uint64) error {
	if op := binary.LittleEndian.Uint32(b) &^ (imm16 | regMask); op != movz {
		return fmt.Errorf("instruction % x, want MOVZ", b)
	}
	if t>>16 != 0 {
		return fmt.Errorf("offset %#x does not fit 16 unsigned bits", t)
	}
	setBits(b, imm16, uint32(t)<<5)
	return nil
}

// tlsieHigh and tlsieLow relax "ADRP x, got; MOVD lo(x), y" into "MOVZ y, hi;
// MOVK y, lo" (initial exec to local exec). The first cannot know y: it goes by x
// and the second checks that y is x.
func tlsieHigh(b []byte, _, t uint64) error {
	in := binary.LittleEndian.Uint32(b)
	if in&0x9f000000 != 0x90000000 {
		return fmt.Errorf("instruction % x, want ADRP", b)
	}
	if t>>32 != 0 {
		return fmt.Errorf("offset %#x does not fit 32 unsigned bits", t)
	}
	binary.LittleEndian.PutUint32(b, movz|hw16|uint32(t>>16)<<5|in&regMask)
	return nil
}

func tlsieLow(b []byte, _, t uint64) error {
	in := binary.LittleEndian.Uint32(b)
	if in&0xffc00000 != 0xf9400000 || in>>5&regMask != in&regMask {
		return fmt.Errorf("instruction % x, want LDR Xn, [Xn, #imm]", b)
	}
	binary.LittleEndian.PutUint32(b, movk|uint32(t&0xffff)<<5|in&regMask)
	return nil
}
