package pack

import (
	"bytes"
	"debug/elf"
	"math/rand/v2"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// code returns bytes that have many sites for machine, among others.
func code(machine elf.Machine, n int) []byte {
	r := rand.New(rand.NewPCG(3, uint64(machine)))
	b := make([]byte, 0, n)
	for len(b) < n {
		target := uint32(r.IntN(8) * 64)
		rel := target - uint32(len(b))
		switch w := r.Uint32(); machine {
		case elf.EM_X86_64:
			b = append(b, bytes.Repeat([]byte{byte(w)}, r.IntN(3))...)
			b = append(b, 0xe8)
			b = le.AppendUint32(b, target-uint32(len(b))-4)
			b = append(b, 0x48, 0x8d, 0x05)
			b = le.AppendUint32(b, target-uint32(len(b))-4)
		case elf.EM_AARCH64:
			b = le.AppendUint32(b, 0x94000000|rel/4&(1<<26-1))
			b = le.AppendUint32(b, w)
			b = le.AppendUint32(b, unpacker.SetADRP(0x90000000|w&31, -uint32(len(b))>>12))
		case elf.EM_RISCV:
			b = le.AppendUint32(b, unpacker.SetJAL(0xef, rel/2))
			b = le.AppendUint16(b, uint16(w))
			rel = target - uint32(len(b))
			b = le.AppendUint32(b, 0x17|5<<7|(rel+1<<11)&^(1<<12-1))
			b = le.AppendUint32(b, unpacker.SetLow12(0x13|5<<15|uint32(r.IntN(3))<<4&0x20, rel))
		}
	}
	return b[:n]
}

func TestSites(t *testing.T) {
	for _, machine := range elftest.Machines {
		for _, k := range siteKinds[machine] {
			for _, in := range [][]byte{code(machine, 100_000), code(machine, 4096), make([]byte, 1000), nil, {0xe8}} {
				sites := frequent(k.find(in, 0x1000), k.size)
				if len(in) >= 4096 && len(sites) < len(in)/100 {
					t.Errorf("%v, kind %d: %d sites in %d bytes", machine, k.filter, len(sites), len(in))
				}
				out := bytes.Clone(in)
				for _, s := range sites {
					k.add(out[s.at:], uint32(s.at))
				}
				if len(sites) > 0 && len(in) > 4096 && bytes.Equal(out, in) { // ADRP counts pages
					t.Errorf("%v, kind %d: nothing changed at %d sites", machine, k.filter, len(sites))
				}
				list := k.list(sites)
				if !unpacker.Filtered(k.filter, out, list) || !bytes.Equal(out, in) {
					t.Errorf("%v, kind %d: not restored", machine, k.filter)
				}
				if len(sites) > 0 && unpacker.Filtered(k.filter, out[:sites[len(sites)-1].at+k.size-1], list) {
					t.Errorf("%v, kind %d: a site beyond the end was accepted", machine, k.filter)
				}
			}
		}
	}
}

// Equal targets must become equal bytes, or the filter helps nothing.
func TestSitesMatch(t *testing.T) {
	for _, machine := range elftest.Machines {
		in := code(machine, 200_000)
		out := bytes.Clone(in)
		for _, k := range siteKinds[machine] {
			for _, s := range frequent(k.find(in, 0), k.size) {
				k.add(out[s.at:], uint32(s.at))
			}
		}
		if before, after := len(compressLZ4(nil, in)), len(compressLZ4(nil, out)); 10*after > 9*before {
			t.Errorf("%v: filtered code takes %d bytes, plain %d", machine, after, before)
		}
	}
}
