package pcln

import "bytes"

// callsOf returns, for each direct call of one of targets in code, the offset of its
// last byte: the address at which the runtime looks a caller up. Code begins at text
// offset start; targets are such offsets, too. Bytes that merely look like such a call are
// returned as well.
func callsOf(goarch string, code []byte, start uint64, targets map[uint64]bool) []uint64 {
	var calls []uint64
	found := func(at, to uint64, length int) {
		if targets[to] {
			calls = append(calls, at+uint64(length)-1)
		}
	}
	switch goarch {
	case "amd64": // CALL rel32
		for i := 0; i+5 <= len(code); i++ {
			next := bytes.IndexByte(code[i:len(code)-4], 0xe8)
			if next < 0 {
				break
			}
			i += next
			at := uint64(i)
			found(at, start+at+5+uint64(int64(int32(le.Uint32(code[i+1:])))), 5)
		}
	case "arm64": // BL imm26
		for i := 0; i+4 <= len(code); i += 4 {
			if w := le.Uint32(code[i:]); w>>26 == 0x25 {
				at := uint64(i)
				found(at, start+at+uint64(int64(int32(w<<6)>>4)), 4)
			}
		}
	case "riscv64":
		for i := 0; i+4 <= len(code); i += 2 {
			at, w := uint64(i), le.Uint32(code[i:])
			switch {
			case w&0xfff == 0xef: // JAL ra
				imm := int64(int32(w)>>31)<<20 | int64(w&0xff000) | int64(w>>20&1)<<11 | int64(w>>21&0x3ff)<<1
				found(at, start+at+uint64(imm), 4)
			case w&0x7f == 0x17 && i+8 <= len(code): // AUIPC, JALR ra
				j := le.Uint32(code[i+4:])
				if j&0x7fff == 0xe7 && j>>15&31 == w>>7&31 {
					found(at, start+at+uint64(int64(int32(w&^0xfff)))+uint64(int64(int32(j)>>20)), 8)
				}
			}
		}
	}
	return calls
}
