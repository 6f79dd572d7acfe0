package gobin

// # FIPS 140 integrity record
//
// The linker brackets the code and data of crypto/internal/fips140 and writes a
// record of their addresses and HMAC-SHA-256 into the section .go.fipsinfo
// (cmd/link/internal/ld/fips140.go; checked at start by
// crypto/internal/fips140/check when GODEBUG=fips140=on):
//
//	offset  0  16 bytes  "\xff Go fipsinfo \xff\x00"
//	offset 16  32 bytes  the sum
//	offset 48  uint64    address of this record
//	offset 56            four pairs of start and end address: text, rodata,
//	                     noptrdata, data
//
// A program that links none of that code still has the record.

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

const fipsMagic = "\xff Go fipsinfo \xff\x00"

// FIPSInfoSize is the size of the record in bytes.
const FIPSInfoSize = 120

// A FIPSInfo is the integrity record of a program's FIPS 140 module. Its sum is
// not verified when it is read.
type FIPSInfo struct {
	Sum                           [32]byte
	Self                          uint64 // address of the record
	Text, ROData, NoPtrData, Data Range
}

// ReadFIPSInfo returns the record in the section .go.fipsinfo of f, in a file without that section the one that has the magic
// number and its own address. The error is ErrNotGo when there is none and a *FormatError when it is damaged or there are several.
func ReadFIPSInfo(f *goelf.File) (*FIPSInfo, error) {
	s := f.Section(goabi.FIPSInfo)
	if s == nil {
		switch records := FIPSRecords(f); len(records) {
		case 0:
			return nil, notGo(f, "no FIPS record")
		case 1:
			b, err := f.Bytes(records[0], FIPSInfoSize)
			if err != nil {
				return nil, err
			}
			return parseFIPSInfo(b), nil
		default:
			return nil, errorf(f, 0, "there are FIPS records at %#x, and no section says which one counts", records)
		}
	}
	if s.Size < FIPSInfoSize {
		return nil, errorf(f, s.Off, "the FIPS record has %d bytes, want at least %d", s.Size, FIPSInfoSize)
	}
	b, err := f.Relocated(s.Addr, s.Size)
	if err != nil {
		return nil, err
	}
	if string(b[:len(fipsMagic)]) != fipsMagic {
		return nil, errorf(f, s.Off, "the FIPS record has magic number %q, want %q", b[:len(fipsMagic)], fipsMagic)
	}
	info := parseFIPSInfo(b)
	if info.Self != s.Addr {
		return nil, errorf(f, s.Off+48, "the FIPS record says its address is %#x, but its section is at %#x", info.Self, s.Addr)
	}
	return info, nil
}

// FIPSRecords returns the addresses, ascending, where a segment that is not executable holds the magic number of a record and the record's
// own address.
func FIPSRecords(f *goelf.File) []uint64 {
	var out []uint64
	for p, data := range segments(f, elf.PF_X, 0) {
		for i := 0; len(out) < maxFuncTables; i++ {
			next := bytes.Index(data[i:], []byte(fipsMagic))
			if next < 0 || len(data)-(i+next) < FIPSInfoSize {
				break
			}
			i += next
			if at := p.Vaddr + uint64(i); le.Uint64(data[i+48:]) == at {
				out = append(out, at)
			}
		}
	}
	return out
}

// parseFIPSInfo reads the record at the start of b.
func parseFIPSInfo(b []byte) *FIPSInfo {
	span := func(off int) Range { return Range{le.Uint64(b[off:]), le.Uint64(b[off+8:])} }
	info := &FIPSInfo{Self: le.Uint64(b[48:]), Text: span(56), ROData: span(72), NoPtrData: span(88), Data: span(104)}
	copy(info.Sum[:], b[16:])
	return info
}

// fipsHeader begins what is summed (crypto/internal/fips140/check).
const fipsHeader = "go fips object v1\n"

// Compute returns the sum that the program in f computes at start. It holds for a
// program that relocates nothing in the ranges. The error is a *FormatError about a
// range that is not in the file.
func (i *FIPSInfo) Compute(f *goelf.File) ([32]byte, error) {
	var ranges [][]byte
	for _, r := range []Range{i.Text, i.ROData, i.NoPtrData, i.Data} {
		var data []byte
		if r.Start != r.End {
			var err error
			if data, err = f.Bytes(r.Start, r.End-r.Start); err != nil {
				return [32]byte{}, err
			}
		}
		ranges = append(ranges, data)
	}
	return FIPSSum(ranges), nil
}

// FIPSSum returns the sum of the ranges' contents in memory after relocation:
// HMAC-SHA-256 with a key of 32 zero bytes over the header and, for each range, its
// length as 8 bytes, big-endian, and its contents.
func FIPSSum(ranges [][]byte) [32]byte {
	h := hmac.New(sha256.New, make([]byte, 32))
	h.Write([]byte(fipsHeader))
	for _, data := range ranges {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(data))))
		h.Write(data)
	}
	return [32]byte(h.Sum(nil))
}
