package riscv64

import (
	"encoding/binary"
	"testing"
)

func run(t *testing.T, f func(b []byte, p, t uint64) error, in uint32, p, target uint64) (uint32, error) {
	t.Helper()
	b := binary.LittleEndian.AppendUint32(nil, in)
	err := f(b, p, target)
	return binary.LittleEndian.Uint32(b), err
}

const place = 0x6124a

// Decoders of immediates, from the tables of the instruction set manual.
func immI(in uint32) int64 { return int64(int32(in) >> 20) }
func immS(in uint32) int64 { return int64(int32(in)>>25)<<5 | int64(in>>7&0x1f) }
func immU(in uint32) int64 { return int64(int32(in & 0xfffff000)) }
func immJ(in uint32) int64 {
	return int64(int32(in)>>31)<<20 | int64(in>>12&0xff)<<12 | int64(in>>20&1)<<11 | int64(in>>21&0x3ff)<<1
}

func TestJAL(t *testing.T) {
	for _, d := range []int64{0, 2, -2, 1<<20 - 2, -1 << 20, 0x12344, -0x54322} {
		got, err := run(t, jal, 0xfffff0ef, place, uint64(place+d))
		if err != nil || got&0xfff != 0x0ef || immJ(got) != d {
			t.Errorf("distance %#x: JAL became %#x, %v", d, got, err)
		}
	}
	for _, d := range []int64{1 << 20, -1<<20 - 2, 1} {
		if _, err := run(t, jal, 0xef, place, uint64(place+d)); err == nil {
			t.Errorf("distance %#x: no error", d)
		}
	}
	if _, err := run(t, jal, 0x13, place, place); err == nil {
		t.Error("ADDI as JAL: no error")
	}
}

func TestPCRel(t *testing.T) {
	for _, d := range []int64{0, 1, -1, 0x7ff, 0x800, -0x800, -0x801, 0x12345678, -0x12345678, 0x7ffff7ff, -0x80000800} {
		hi, err := run(t, pcrelHi20, 0xfffffa97, place, uint64(place+d))
		if err != nil || hi&0xfff != 0xa97 {
			t.Errorf("distance %#x: AUIPC became %#x, %v", d, hi, err)
		}
		lo, err := run(t, pcrelLo12I, 0xfffaba83, place, uint64(place+d)) // LD
		if err != nil || lo&0xfffff != 0xaba83 || immU(hi)+immI(lo) != d {
			t.Errorf("distance %#x: AUIPC %#x and LD became %#x, %v", d, hi, lo, err)
		}
		st, err := run(t, pcrelLo12S, 0xfffabfa3, place, uint64(place+d)) // SD
		if err != nil || st&^(0x7f<<25|0x1f<<7) != 0x01fab023 || immU(hi)+immS(st) != d {
			t.Errorf("distance %#x: AUIPC %#x and SD became %#x, %v", d, hi, st, err)
		}
	}
	for _, d := range []int64{0x7ffff800, -0x80000801, 1 << 40} {
		if _, err := run(t, pcrelHi20, 0x97, place, uint64(place+d)); err == nil {
			t.Errorf("distance %#x: no error", d)
		}
	}
	for _, in := range []uint32{0x13, 0x1b, 0x03, 0x07, 0x67} {
		if _, err := run(t, pcrelLo12I, in, 0, 0); err != nil {
			t.Errorf("opcode %#x: %v", in, err)
		}
	}
	for _, in := range []uint32{0x23, 0x33, 0x37, 0x6f} {
		if _, err := run(t, pcrelLo12I, in, 0, 0); err == nil {
			t.Errorf("opcode %#x has no I-type immediate: no error", in)
		}
	}
	if _, err := run(t, pcrelLo12S, 0x03, 0, 0); err == nil {
		t.Error("a load as a store: no error")
	}
}

// AUIPC x31; LD (x31), x30 becomes LUI x31; ADDI x30, x31.
func TestTLSGot(t *testing.T) {
	hi, err1 := run(t, tlsGotHi20, 0x00000f97, 0, 0x12345)
	lo, err2 := run(t, tlsGotLo12I, 0x000fbf03, 0, 0x12345)
	if hi != 0x00012fb7 || lo != 0x345f8f13 || err1 != nil || err2 != nil {
		t.Errorf("got %#x and %#x, %v, %v", hi, lo, err1, err2)
	}
	if _, err := run(t, tlsGotHi20, 0x00000fb7, 0, 0); err == nil {
		t.Error("LUI as AUIPC: no error")
	}
	if _, err := run(t, tlsGotLo12I, 0x000faf03, 0, 0); err == nil {
		t.Error("LW as LD: no error")
	}
}
