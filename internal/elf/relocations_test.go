package elf_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	. "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// relocated returns an executable with PT_DYNAMIC, the tables rela and relr, and the given data: the address of the data
// is dataAddr.
func relocated(data, rela, relr []uint64) (image []byte, dataAddr uint64) {
	words := func(list []uint64) (b []byte) {
		for _, v := range list {
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		return b
	}
	const base = 0x10000
	le := binary.LittleEndian
	const dynamic = 7 * 16
	tables := slices.Concat(words(data), words(rela), words(relr))
	off := uint64(HeaderSize + 2*ProgHeaderSize)
	dataAddr = base + off + dynamic
	relaAddr := dataAddr + 8*uint64(len(data))
	relrAddr := relaAddr + 8*uint64(len(rela))
	dyn := words([]uint64{
		uint64(elf.DT_RELA), relaAddr, uint64(elf.DT_RELASZ), 8 * uint64(len(rela)),
		36, relrAddr, 35, 8 * uint64(len(relr)), 0, 0, 0, 0, 0, 0,
	})
	image = slices.Clone(elftest.Executable(elf.EM_X86_64).Build().Data[:HeaderSize])
	le.PutUint64(image[32:], HeaderSize)
	le.PutUint64(image[40:], 0)
	le.PutUint16(image[56:], 2)
	le.PutUint16(image[60:], 0)
	le.PutUint16(image[62:], 0)
	size := off + uint64(len(dyn)+len(tables))
	prog := func(typ elf.ProgType, off, size uint64) {
		image = le.AppendUint32(image, uint32(typ))
		image = le.AppendUint32(image, uint32(elf.PF_R|elf.PF_W))
		image = append(image, words([]uint64{off, base + off, base + off, size, size, 8})...)
	}
	prog(elf.PT_LOAD, 0, size)
	prog(elf.PT_DYNAMIC, off, uint64(len(dyn)))
	return append(append(image, dyn...), tables...), dataAddr
}

func TestRelocated(t *testing.T) {
	_, at := relocated(make([]uint64, 68), nil, nil)
	data := make([]uint64, 68)
	data[1], data[2], data[3], data[67] = 0x11, 0x22, 0x33, 0x44
	relative, symbol := uint64(elf.R_X86_64_RELATIVE), uint64(1<<32|elf.R_X86_64_64)
	image, _ := relocated(data, []uint64{at, relative, 0x700, at + 8, symbol, 0x800}, []uint64{at + 16, 1<<1 | 1, 1<<2 | 1})
	f := parse(t, image)
	var got []Relocation
	if err := f.Relocations(func(r Relocation) error {
		got = append(got, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	entry := at + 68*8
	want := []Relocation{
		{Site: at, Relative: true, Addend: 0x700, Entry: entry},
		{Site: at + 8, Addend: 0x800, Entry: entry + RelaSize},
		{Site: at + 16, Relative: true, Addend: 0x22},
		{Site: at + 24, Relative: true, Addend: 0x33},
		{Site: at + 67*8, Relative: true, Addend: 0x44},
	}
	if !slices.Equal(got, want) {
		t.Errorf("relocations %+v, want %+v", got, want)
	}
	before := bytes.Clone(image)
	b, err := f.Relocated(at, 24)
	if err != nil || binary.LittleEndian.Uint64(b) != 0x700 || binary.LittleEndian.Uint64(b[8:]) != 0x11 ||
		binary.LittleEndian.Uint64(b[16:]) != 0x22 {
		t.Errorf("relocated to %#x (%v)", b, err)
	}
	if !bytes.Equal(image, before) {
		t.Error("the file has changed")
	}
	stop := errors.New("stop")
	if err := f.Relocations(func(Relocation) error { return stop }); err != stop {
		t.Errorf("error %v, want that of the callback", err)
	}
}

func FuzzRelocations(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint64(0))
	f.Add(binary.LittleEndian.AppendUint64(nil, 0x100e0), uint64(0x101))
	f.Fuzz(func(t *testing.T, edit []byte, relr uint64) {
		image, at := relocated(make([]uint64, 64), make([]uint64, 9), []uint64{relr, relr | 1, ^uint64(0)})
		dyn := image[HeaderSize+2*ProgHeaderSize:]
		for i, b := range edit {
			dyn[i%len(dyn)] ^= b
		}
		file, err := Parse("fuzz", image)
		if err != nil {
			t.Fatal(err)
		}
		var b []byte
		fuzztest.Bounded(t, len(image), 64, func() { b, err = file.Relocated(at, 64) })
		if err == nil && len(b) != 64 {
			t.Fatalf("%d bytes, want 64", len(b))
		}
	})
}

func TestRELREncoder(t *testing.T) {
	var e RELREncoder
	var dense, every63, sparse []uint64
	for i := range uint64(200) {
		dense = append(dense, 0x1000+8*i)
		every63 = append(every63, 0x1000+8*63*i)
		sparse = append(sparse, 0x1000+8*64*i)
	}
	for _, tt := range []struct {
		name  string
		sites []uint64
		words int
	}{
		{"none", nil, 0},
		{"one", []uint64{0x1000}, 1},
		{"last bit of a bitmap", []uint64{0x1000, 0x1000 + 63*8}, 2},
		{"just after a bitmap", []uint64{0x1000, 0x1000 + 64*8}, 2},
		{"dense", dense, 5},
		{"every 63rd", every63, 200},
		{"every 64th", sparse, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, s := range tt.sites {
				e.Add(s)
			}
			words := e.Words()
			var got []uint64
			if err := DecodeRELR(Encode(words), func(addr uint64) error { got = append(got, addr); return nil }); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, tt.sites) || len(words) != tt.words {
				t.Errorf("%d words for %#x, want %d for %#x", len(words), got, tt.words, tt.sites)
			}
		})
	}
}
