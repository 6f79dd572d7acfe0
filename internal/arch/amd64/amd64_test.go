package amd64

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"
)

func apply(t *testing.T, typ elf.R_X86_64, b []byte, p, target uint64) ([]byte, error) {
	t.Helper()
	out := bytes.Clone(b)
	return out, Arch.Relocs[uint32(typ)].Apply(out, p, target)
}

func TestPC32(t *testing.T) {
	const p = 0x500000
	for _, d := range []int64{0, 1, -1, 0x7fffffff, -0x80000000, 0x12345, -0x401000} {
		b, err := apply(t, elf.R_X86_64_PC32, make([]byte, 4), p, uint64(p+d))
		if got := int64(int32(binary.LittleEndian.Uint32(b))); err != nil || got != d {
			t.Errorf("distance %#x: stored %#x, %v", d, got, err)
		}
	}
	for _, d := range []int64{0x80000000, -0x80000001, 1 << 40} {
		if _, err := apply(t, elf.R_X86_64_PC32, make([]byte, 4), p, uint64(p+d)); err == nil {
			t.Errorf("distance %#x: no error", d)
		}
	}
}

func TestAbsolute(t *testing.T) {
	if b, err := apply(t, elf.R_X86_64_64, make([]byte, 8), 0, 0x1122334455667788); err != nil || !bytes.Equal(b, []byte("\x88\x77\x66\x55\x44\x33\x22\x11")) {
		t.Errorf("R_X86_64_64 stored % x, %v", b, err)
	}
	if b, err := apply(t, elf.R_X86_64_32, make([]byte, 4), 0, 0xfedcba98); err != nil || !bytes.Equal(b, []byte("\x98\xba\xdc\xfe")) {
		t.Errorf("R_X86_64_32 stored % x, %v", b, err)
	}
	if _, err := apply(t, elf.R_X86_64_32, make([]byte, 4), 0, 1<<32); err == nil {
		t.Error("R_X86_64_32 stored 1<<32 without error")
	}
	if _, err := apply(t, elf.R_X86_64_32S, make([]byte, 4), 0, 1<<31); err == nil {
		t.Error("R_X86_64_32S stored 1<<31 without error")
	}
}

// The register must survive the relaxation: all 16, and nothing else, are accepted.
func TestGOTTPOFF(t *testing.T) {
	const offset = -8
	for reg := range byte(16) {
		in := []byte{0x48 | reg>>3<<2, 0x8b, 0x05 | reg&7<<3, 0, 0, 0, 0}
		want := []byte{0x48 | reg>>3, 0xc7, 0xc0 | reg&7, 0xf8, 0xff, 0xff, 0xff}
		if got, err := apply(t, elf.R_X86_64_GOTTPOFF, in, 0, ^uint64(0)-11); err != nil || !bytes.Equal(got, want) { // offset -8, addend -4
			t.Errorf("register %d: got % x, %v; want % x for offset %d", reg, got, err, want, offset)
		}
	}
	for _, in := range []string{"\x48\x8d\x05....", "\x40\x8b\x05....", "\x48\x03\x05....", "\x48\x8b\x04....", "\x49\x8b\x05...."} {
		if _, err := apply(t, elf.R_X86_64_GOTTPOFF, []byte(in), 0, 0); err == nil {
			t.Errorf("instruction % x: no error", in)
		}
	}
}

func TestTLSOffset(t *testing.T) {
	for _, tt := range []struct {
		size, align uint64
		want        int64
	}{{8, 8, -8}, {16, 8, -16}, {9, 8, -16}, {8, 64, -64}} {
		if got := Arch.TLSOffset(tt.size, tt.align); got != tt.want {
			t.Errorf("TLSOffset(%d, %d) = %d, want %d", tt.size, tt.align, got, tt.want)
		}
	}
}
