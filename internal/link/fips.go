package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// # FIPS 140 sum
//
// Every Go program honours GODEBUG=fips140=on: at start it sums the code and
// data of crypto/internal/fips140 and panics when the sum is not the one in
// .go.fipsinfo. cmd/link would write the sum after an external link; it does not
// when it fails to find its way in the output, and says nothing. So Link does it.
//
// # Layout of .go.fipsinfo
//
//	 0  16 bytes   magic
//	16  32 bytes   the sum
//	48   8 bytes   the address of .go.fipsinfo
//	56  64 bytes   address of start and end of four ranges: text, rodata,
//	               noptrdata, data
//
// # Calculation
//
// HMAC-SHA-256 with a key of 32 zero bytes over a line of text, then over each
// range: its length as 8 bytes, big-endian, and its contents. The contents are
// those in memory after relocation, so in a PIE no range may hold an address;
// sumFIPS checks that.
const (
	fipsMagic  = "\xff Go fipsinfo \xff\x00"
	fipsHeader = "go fips object v1\n"
	fipsSum    = 16
	fipsSelf   = 48
	fipsRanges = 56
	fipsSize   = 120
)

// sumFIPS writes the sum.
func (l *linker) sumFIPS() error {
	s := l.section(".go.fipsinfo")
	info := l.image[s.off : s.off+s.size]
	if len(info) != fipsSize || string(info[:len(fipsMagic)]) != fipsMagic || le.Uint64(info[fipsSelf:]) != s.addr {
		return l.obj.errorf(s.in.Off, "section .go.fipsinfo is not the record of %d bytes that the verified Go releases write", fipsSize)
	}
	h := hmac.New(sha256.New, make([]byte, 32))
	h.Write([]byte(fipsHeader))
	for off := fipsRanges; off < fipsSize; off += 16 {
		start, end := le.Uint64(info[off:]), le.Uint64(info[off+8:])
		data := l.bytes(start, end)
		if data == nil {
			return l.obj.errorf(s.in.Off+uint64(off), "section .go.fipsinfo: addresses %#x to %#x are not in one segment", start, end)
		}
		if l.opt.PIE && l.relocated(start, end) {
			return l.obj.errorf(s.in.Off+uint64(off), "section .go.fipsinfo: an address is stored between %#x and %#x, so a position-independent program would fail its FIPS 140 check", start, end)
		}
		h.Write(binary.BigEndian.AppendUint64(nil, end-start))
		h.Write(data)
	}
	h.Sum(info[fipsSum:fipsSum])
	return nil
}

// bytes returns the contents of the addresses from start up to end, nil unless
// one segment has them all in the file.
func (l *linker) bytes(start, end uint64) []byte {
	for _, g := range l.load {
		if g != nil && g.addr <= start && start <= end && end <= g.addr+g.filesz {
			return l.image[g.off+start-g.addr : g.off+end-g.addr]
		}
	}
	return nil
}

// relocated reports whether the program relocates a word from start up to end.
func (l *linker) relocated(start, end uint64) bool {
	i, _ := slices.BinarySearch(l.sites, start)
	return i < len(l.sites) && l.sites[i] < end
}
