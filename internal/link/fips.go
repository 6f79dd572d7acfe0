package link

import (
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// # FIPS 140 integrity checksum
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
// [gobin.FIPSSum] sums the contents of the ranges in memory after relocation, so in a
// PIE no range may hold an address; sumFIPS checks that.
//
// # Debugging
//
// Rule fips-sum of linkcheck prints the checksum that a file has and the one that it should have. The program itself compares them with
// GODEBUG=fips140=on, and says nothing when they agree; with GODEBUG=fips140=debug it says so.
const (
	fipsMagic  = "\xff Go fipsinfo \xff\x00"
	fipsSum    = 16
	fipsSelf   = 48
	fipsRanges = 56
	fipsSize   = 120
)

// sumFIPS writes the sum.
func (l *linker) sumFIPS() error {
	s := l.section(goabi.FIPSInfo)
	return sumFIPS(fipsRecord{
		info:      l.image[s.off : s.off+s.size],
		addr:      s.addr,
		bytes:     l.bytes,
		relocated: l.relocates,
		errorf: func(off uint64, format string, args ...any) error {
			return l.obj.errorf(s.in.Off+off, "section .go.fipsinfo"+format, args...)
		},
	})
}

// A fipsRecord is .go.fipsinfo in a program that is linked but for its sum.
type fipsRecord struct {
	info []byte
	addr uint64 // of info
	// bytes returns the contents of addresses, nil unless one segment has them
	// all in the file.
	bytes func(start, end uint64) []byte
	// relocated reports whether the program relocates a word there.
	relocated func(start, end uint64) bool
	// errorf returns an error about an offset in info; format follows the
	// section's name.
	errorf func(off uint64, format string, args ...any) error
}

// sumFIPS writes the sum into r.info.
func sumFIPS(r fipsRecord) error {
	if len(r.info) != fipsSize || string(r.info[:len(fipsMagic)]) != fipsMagic || le.Uint64(r.info[fipsSelf:]) != r.addr {
		return r.errorf(0, " is not the record of %d bytes that the verified Go releases write", fipsSize)
	}
	var ranges [][]byte
	for off := uint64(fipsRanges); off < fipsSize; off += 16 {
		start, end := le.Uint64(r.info[off:]), le.Uint64(r.info[off+8:])
		data := r.bytes(start, end)
		if data == nil {
			return r.errorf(off, ": addresses %#x to %#x are not in one segment", start, end)
		}
		if r.relocated(start, end) {
			return r.errorf(off, ": an address is stored between %#x and %#x, so a position-independent program would fail its FIPS 140 check", start, end)
		}
		ranges = append(ranges, data)
	}
	sum := gobin.FIPSSum(ranges)
	copy(r.info[fipsSum:], sum[:])
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
