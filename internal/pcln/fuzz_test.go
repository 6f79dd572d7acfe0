package pcln

import (
	"bytes"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// mutateSmall returns a copy of a program with bytes changed in its tables, its module data and its code: 4 bytes of seed
// say which byte of which section, one what to change.
func mutateSmall(data []byte, f *goelf.File, seed []byte) []byte {
	data = bytes.Clone(data)
	for ; len(seed) >= 5; seed = seed[5:] {
		name := ".gopclntab"
		switch {
		case seed[3]&0x80 == 0:
		case seed[3]&0x40 == 0:
			name = ".go.module"
		default:
			name = ".text"
		}
		s := f.Section(name)
		data[s.Off+uint64(le.Uint16(seed)+uint16(seed[2]))%s.Size] ^= seed[4]
	}
	return data
}

// On damaged tables Compact fails or is right: its verification would not let a
// wrong result through, and it does not panic. What it makes of them is compacted already, and a side file reads.
func FuzzSmallPrograms(f *testing.F) {
	var programs []*goelf.File
	for _, release := range smallReleases {
		for _, machine := range smallMachines {
			p, err := goelf.Parse("small", smallProgram(machine, release))
			if err != nil {
				f.Fatal(err)
			}
			programs = append(programs, p)
		}
	}
	for which := range byte(3 * len(programs)) {
		f.Add([]byte{0, 0, 0, 0, 0}, which)
		f.Add([]byte{16, 0, 0, 0, 1, 1, 0, 0, 0x80, 7}, which)
		f.Add([]byte{0, 2, 0, 0, 0xff, 0, 3, 0, 0xc0, 1}, which)
		f.Add([]byte{0xe0, 1, 0, 0, 0x80, 0, 3, 0, 0, 1}, which)
	}
	f.Fuzz(func(t *testing.T, seed []byte, which byte) {
		p := programs[int(which)%len(programs)]
		tier := Tier(int(which) / len(programs) % 3)
		g, err := goelf.Parse("mutant", mutateSmall(p.Data, p, seed))
		if err != nil {
			return
		}
		if table, err := Read(g, goabi.Refuse); err == nil {
			table.Breakdown()
		}
		var out []byte
		var symbols *Symbols
		fuzztest.Bounded(t, len(g.Data), 1000, func() { out, symbols, err = Compact(g, tier, goabi.Refuse) })
		if (out == nil) == (err == nil) {
			t.Fatalf("%d bytes and error %v", len(out), err)
		}
		if err != nil {
			return
		}
		h, err := goelf.Parse("output", out)
		if err != nil {
			t.Fatal(err)
		}
		if tier == External {
			readAll(t, symbols)
			return
		}
		again, _, err := Compact(h, tier, goabi.Refuse)
		if err != nil || len(again) > len(out) {
			t.Errorf("compacted again: %d bytes, %v; want at most %d", len(again), err, len(out))
		}
	})
}

// readAll encodes symbols and asks for the frames of all functions. They may be missing, as damaged tables can say
// what only Symbols reads.
func readAll(t *testing.T, symbols *Symbols) {
	side, err := symbols.Encode()
	if err != nil {
		return
	}
	s, err := ReadSymbols("side", side)
	if err != nil {
		t.Fatal(err)
	}
	funcs, err := s.Functions()
	if err != nil {
		return
	}
	for _, f := range funcs {
		for off := uint64(0); off < min(f.End-f.Entry, 64); off++ {
			s.Frames(f.Index, off)
		}
	}
}
