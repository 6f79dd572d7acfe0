package kernel

import "encoding/binary"

var wide bool

func init() { wide = features()&1 != 0 }

func features() uint64

//go:noinline
func sum(text string) uint64 {
	if !wide || len(text) < 8 {
		return generic(text)
	}
	if len(text)%8 == 1 {
		panic("an odd length")
	}
	return block([]byte(text))
}

//go:noinline
func block(b []byte) (out uint64) {
	for ; len(b) >= 8; b = b[8:] {
		out ^= binary.LittleEndian.Uint64(b)
	}
	return out
}
