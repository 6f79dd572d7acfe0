package pack

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// decodeLZ4 follows the LZ4 Block Format Description word by word, its restrictions
// at the end of a block included, and its extension by far offsets.
func decodeLZ4(t *testing.T, block []byte) (out []byte) {
	t.Helper()
	length := func(n int) int {
		if n == 15 {
			for {
				b := block[0]
				block = block[1:]
				n += int(b)
				if b != 255 {
					break
				}
			}
		}
		return n
	}
	for {
		token := int(block[0])
		block = block[1:]
		n := length(token >> 4)
		out = append(out, block[:n]...)
		block = block[n:]
		if len(block) == 0 {
			if n < 5 && len(out) > 5 {
				t.Errorf("the last sequence has %d literals, want 5", n)
			}
			return out
		}
		offset := int(block[0]) | int(block[1])<<8
		block = block[2:]
		if offset == 0 {
			offset = int(block[0]) | int(block[1])<<8 | int(block[2])<<16
			block = block[3:]
		}
		for n = length(token&15) + 4; n > 0; n-- {
			out = append(out, out[len(out)-offset])
		}
	}
}

// inputs are of all kinds that the matcher and both decoders treat differently.
func inputs() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 100_000)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	few := make([]byte, 200_000)
	for i := range few {
		few[i] = byte(r.IntN(3))
	}
	m := map[string][]byte{
		"empty": nil, "one": {1}, "twelve": []byte("aaaaaaaaaaaa"), "thirteen": []byte("aaaaaaaaaaaaa"),
		"zeros": make([]byte, 300_000), "random": random, "few": few,
		"far":  append(append(bytes.Clone(random[:1000]), make([]byte, 64_000)...), random[:1000]...),
		"over": append(append(bytes.Clone(random[:1000]), random...), random[:1000]...),
	}
	for period := 1; period <= 20; period++ {
		m["period "+string(rune('a'+period))] = append(bytes.Repeat(random[:period], 40), random[:50]...)
	}
	for _, n := range []int{14, 15, 16, 269, 270, 271, 525} {
		m["literals "+string(rune('a'+n))] = append(append(bytes.Clone(random[:n]), make([]byte, n)...), random[:n]...)
	}
	return m
}

func TestCompressLZ4(t *testing.T) {
	for name, in := range inputs() {
		block := compressLZ4(nil, in)
		if out := decodeLZ4(t, block); !bytes.Equal(out, in) {
			t.Errorf("%s: the block decodes to other bytes", name)
		}
		out := make([]byte, len(in))
		if !unpacker.LZ4(out, block) || !bytes.Equal(out, in) {
			t.Errorf("%s: the unpacker's decoder differs", name)
		}
		if len(in) > 0 && unpacker.LZ4(out[:len(in)-1], block) || unpacker.LZ4(make([]byte, len(in)+1), block) {
			t.Errorf("%s: decoded into another size", name)
		}
		for _, cut := range []int{1, 2, len(block) / 2} {
			if cut > 0 && len(block) > cut && unpacker.LZ4(out, block[:len(block)-cut]) {
				t.Errorf("%s: decoded without the last %d bytes", name, cut)
			}
		}
	}
}

// The size is the smallest: what LZ4's own format can do at best in these cases.
func TestCompressLZ4Size(t *testing.T) {
	for _, tt := range []struct {
		in   []byte
		want int
	}{
		{nil, 1},
		{make([]byte, 13), 1 + 1 + 2 + 1 + 5},       // one literal, a match of 7, five literals
		{make([]byte, 1000), 1 + 1 + 2 + 4 + 1 + 5}, // the match of 994 has 4 bytes of extension
		{[]byte("abcdefghijklmno"), 1 + 1 + 15},
	} {
		if got := len(compressLZ4(nil, tt.in)); got != tt.want {
			t.Errorf("%d bytes take %d, want %d", len(tt.in), got, tt.want)
		}
	}
}

// nearFar returns a block whose offsets are small but written as far ones, and how many bytes
// it decodes to.
func nearFar() (block []byte, size int) {
	block = append([]byte{0xf4, 5}, "twenty bytes of text"...)
	block = append(block, 0, 0, 9, 0, 0)
	for range 60 {
		block = append(block, 0x14, 'x', 0, 0, 8, 0, 0)
	}
	return append(block, "\x50 end."...), 20 + 8 + 60*(1+8) + 5
}

// A far offset need not be far, and leads to no place before the block.
func TestFarOffset(t *testing.T) {
	block, size := nearFar()
	out := make([]byte, size)
	if !unpacker.LZ4(out, block) || !bytes.Equal(out, decodeLZ4(t, block)) {
		t.Errorf("decoded to %q", out)
	}
	for at := bytes.Index(block, []byte{'x', 0, 0, 8, 0, 0}) + 3; at < len(block)-6; at += 7 {
		for _, offset := range []byte{0, 255} { // nothing, and more than there is
			bad := bytes.Clone(block)
			bad[at], bad[at+2] = offset, offset
			if unpacker.LZ4(out, bad) {
				t.Errorf("with %d as the offset at %d it was decoded", offset, at)
			}
		}
	}
}

// The decoder stays in its bounds whatever it reads.
func FuzzLZ4(f *testing.F) {
	for _, in := range inputs() {
		if len(in) < 2000 {
			f.Add(compressLZ4(nil, in), uint16(len(in)))
		}
	}
	block, size := nearFar()
	f.Add(block, uint16(size))
	f.Fuzz(func(t *testing.T, block []byte, size uint16) {
		const guard = 64
		buffer := bytes.Repeat([]byte{0xa5}, int(size)+2*guard)
		var ok bool
		fuzztest.Bounded(t, len(block), 1, func() { ok = unpacker.LZ4(buffer[guard:guard+int(size)], bytes.Clone(block)) })
		for i, b := range buffer {
			if b != 0xa5 && (i < guard || i >= guard+int(size)) {
				t.Fatalf("wrote at %d, outside of %d bytes", i-guard, size)
			}
		}
		if ok {
			again := compressLZ4(nil, buffer[guard:guard+int(size)])
			out := make([]byte, size)
			if !unpacker.LZ4(out, again) || !bytes.Equal(out, buffer[guard:guard+int(size)]) {
				t.Fatal("what was decoded does not survive compression")
			}
		}
	})
}
