package elfdiff

import (
	"encoding/binary"
	"math/rand/v2"
)

// Mutate returns a damaged copy of an ELF file: one to three changes of numbers, mostly in the
// headers, in whose places random bytes would be refused at once.
func Mutate(random *rand.Rand, data []byte) []byte {
	out := append([]byte(nil), data...)
	for range 1 + random.IntN(3) {
		off := random.IntN(max(len(out), 1))
		if len(out) >= 64 {
			// A field of the ELF header, of a program header or of a section header.
			le := binary.LittleEndian
			phoff, shoff := le.Uint64(out[32:]), le.Uint64(out[40:])
			switch random.IntN(8) {
			case 0:
				off = 16 + 2*random.IntN(24)
			case 1, 2, 3:
				off = place(random, phoff, uint64(le.Uint16(out[56:]))*56, off)
			case 4, 5, 6:
				off = place(random, shoff, uint64(le.Uint16(out[60:]))*64, off)
			}
		}
		change(random, out[min(off, len(out)):])
	}
	if random.IntN(16) == 0 {
		out = out[:random.IntN(len(out)+1)]
	}
	return out
}

// place returns a multiple of 4 in the size bytes at off, or fallback when there are none.
func place(random *rand.Rand, off, size uint64, fallback int) int {
	if size == 0 || off > 1<<40 {
		return fallback
	}
	return int(off + random.Uint64N(size)&^3)
}

// change alters the number that data begins with.
func change(random *rand.Rand, data []byte) {
	if len(data) == 0 {
		return
	}
	size := min(1<<random.IntN(4), len(data))
	var number [8]byte
	copy(number[:], data[:size])
	n := binary.LittleEndian.Uint64(number[:])
	switch random.IntN(6) {
	case 0:
		n = random.Uint64()
	case 1:
		n = ^uint64(0) - uint64(random.IntN(16))
	case 2:
		n ^= 1 << random.IntN(8*size)
	case 3:
		n = uint64(random.IntN(256))
	case 4:
		n += uint64(random.IntN(17)) - 8
	case 5:
		n = 0
	}
	binary.LittleEndian.PutUint64(number[:], n)
	copy(data[:size], number[:])
}
