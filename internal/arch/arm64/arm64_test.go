package arm64

import (
	"debug/elf"
	"encoding/binary"
	"testing"
)

func apply(typ elf.R_AARCH64, in uint32, p, target uint64) (uint32, error) {
	b := binary.LittleEndian.AppendUint32(nil, in)
	err := Arch.Relocs[uint32(typ)].Apply(b, p, target)
	return binary.LittleEndian.Uint32(b), err
}

// signed extends the low n bits of v.
func signed(v uint64, n uint) int64 { return int64(v<<(64-n)) >> (64 - n) }

const place = 0x512340

func TestCALL26(t *testing.T) {
	for _, d := range []int64{0, 4, -4, 1<<27 - 4, -1 << 27, 0x1234560, -0x1234560} {
		got, err := apply(elf.R_AARCH64_CALL26, 0x94ffffff, place, uint64(place+d))
		if err != nil || got>>26 != 0x25 || signed(uint64(got&(1<<26-1)), 26)*4 != d {
			t.Errorf("distance %#x: BL became %#x, %v", d, got, err)
		}
	}
	for _, d := range []int64{1 << 27, -1<<27 - 4, 2, 1} {
		if _, err := apply(elf.R_AARCH64_CALL26, 0x94000000, place, uint64(place+d)); err == nil {
			t.Errorf("distance %#x: no error", d)
		}
	}
}

func TestADRP(t *testing.T) {
	for _, target := range []uint64{place, place + 0x1000, place - 0x1000, place - 0xef000, place + 0x7fff0000, 0x10, place&^0xfff | 0xfff} {
		got, err := apply(elf.R_AARCH64_ADR_PREL_PG_HI21, 0x90ffffe5|3<<29, place, target)
		imm := uint64(got>>5&(1<<19-1))<<2 | uint64(got>>29&3)
		if err != nil || got&0x9f00001f != 0x90000005 || place&^0xfff+signed(imm, 21)<<12 != int64(target&^0xfff) {
			t.Errorf("target %#x: ADRP became %#x, %v", target, got, err)
		}
	}
	if _, err := apply(elf.R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, place, place+1<<33); err == nil {
		t.Error("a target 8 GiB away gave no error")
	}
}

func TestLow12(t *testing.T) {
	for typ, shift := range map[elf.R_AARCH64]uint{
		elf.R_AARCH64_ADD_ABS_LO12_NC: 0, elf.R_AARCH64_LDST8_ABS_LO12_NC: 0, elf.R_AARCH64_LDST16_ABS_LO12_NC: 1,
		elf.R_AARCH64_LDST32_ABS_LO12_NC: 2, elf.R_AARCH64_LDST64_ABS_LO12_NC: 3, elf.R_AARCH64_LDST128_ABS_LO12_NC: 4,
	} {
		for _, low := range []uint64{0, 0x10, 0x7f0, 0xff0} {
			got, err := apply(typ, 0xf97fffe5, 0, 0x123456789000|low)
			if err != nil || got&^(0xfff<<10) != 0xf94003e5 || uint64(got>>10&0xfff)<<shift != low {
				t.Errorf("%v of %#x: became %#x, %v", typ, low, got, err)
			}
		}
		if _, err := apply(typ, 0xf9400000, 0, 0x1001); (err != nil) != (shift > 0) {
			t.Errorf("%v of an odd address: error %v", typ, err)
		}
	}
}

func TestTLS(t *testing.T) {
	// ADRP R27; MOVD (R27), R27 becomes MOVZ and MOVK of 0x12340010.
	hi, err1 := apply(elf.R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21, 0x9000001b, 0, 0x12340010)
	lo, err2 := apply(elf.R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC, 0xf940037b, 0, 0x12340010)
	if hi != 0xd2a2469b || lo != 0xf280021b || err1 != nil || err2 != nil {
		t.Errorf("got %#x and %#x, %v, %v", hi, lo, err1, err2)
	}
	if le, err := apply(elf.R_AARCH64_TLSLE_MOVW_TPREL_G0, 0xd280001b, 0, 16); err != nil || le != 0xd280021b {
		t.Errorf("MOVZ became %#x, %v", le, err)
	}
	for _, tt := range []struct {
		typ    elf.R_AARCH64
		in     uint32
		target uint64
	}{
		{elf.R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21, 0x1000001b, 16},       // ADR
		{elf.R_AARCH64_TLSIE_ADR_GOTTPREL_PAGE21, 0x9000001b, 1 << 32},  // too far
		{elf.R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC, 0xf940037a, 16},     // into another register
		{elf.R_AARCH64_TLSIE_LD64_GOTTPREL_LO12_NC, 0xb940037b, 16},     // 32-bit load
		{elf.R_AARCH64_TLSLE_MOVW_TPREL_G0, 0xf280001b, 16},             // MOVK
		{elf.R_AARCH64_TLSLE_MOVW_TPREL_G0, 0xd280001b, 1 << 16},        // too far
		{elf.R_AARCH64_TLSLE_MOVW_TPREL_G0, 0xd280001b, ^uint64(0) - 7}, // negative
	} {
		if got, err := apply(tt.typ, tt.in, 0, tt.target); err == nil {
			t.Errorf("%v of %#x in %#x: became %#x without error", tt.typ, tt.target, tt.in, got)
		}
	}
}
