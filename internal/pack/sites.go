package pack

import (
	"debug/elf"
	"slices"

	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// A site is an instruction that names a place by its distance.
type site struct {
	at     int    // offset in the code
	target uint32 // offset in the image, of what tells places apart
}

// A siteKind is one kind of instruction.
type siteKind struct {
	filter uint64
	unit   int // bytes that all sites are a multiple of
	size   int // bytes of a site
	// find returns the sites in code, which begins at offset start of the image.
	// What is no instruction may be among them: a site is restored whatever it is.
	find func(code []byte, start uint32) []site
	// add does at b what the unpacker undoes.
	add func(b []byte, at uint32)
}

var siteKinds = map[elf.Machine][]siteKind{
	elf.EM_X86_64: {
		{filter: unpacker.FilterRel32, unit: 1, size: 4, find: findRel32, add: func(b []byte, at uint32) { put32(b, le.Uint32(b)+at) }},
	},
	elf.EM_AARCH64: {
		{filter: unpacker.FilterBranch26, unit: 4, size: 4, find: findBL, add: addBranch26},
		{filter: unpacker.FilterADRP, unit: 4, size: 4, find: findADRP, add: addADRP},
	},
	elf.EM_RISCV: {
		{filter: unpacker.FilterJAL, unit: 2, size: 4, find: findJAL, add: addJAL},
		{filter: unpacker.FilterAUIPC, unit: 2, size: 8, find: findAUIPC, add: addAUIPC},
	},
}

func put32(b []byte, v uint32) { le.PutUint32(b, v) }

// list encodes sites as unpacker.applyFilter reads them.
func (k *siteKind) list(sites []site) []byte {
	var list []byte
	end := 0
	for _, s := range sites {
		units := (s.at - end) / k.unit
		for ; units >= 255; units -= 255 {
			list = append(list, 255)
		}
		list = append(list, byte(units))
		end = s.at + k.size
	}
	return list
}

// frequent returns the sites with a neighbour that names the same place: only there
// can LZ4 find a match that it did not find before. Of sites that overlap it
// keeps the first.
func frequent(sites []site, size int) []site {
	useful := make([]bool, len(sites))
	last := map[uint32]int{} // index of the last site by target
	for i, s := range sites {
		if j, ok := last[s.target]; ok && s.at-sites[j].at <= maxOffset {
			useful[i], useful[j] = true, true
		}
		last[s.target] = i
	}
	end, i := 0, -1
	return slices.DeleteFunc(sites, func(s site) bool {
		if i++; !useful[i] || s.at < end {
			return true
		}
		end = s.at + size
		return false
	})
}

// findRel32 finds CALL (E8), and instructions of six opcodes whose ModRM byte says that
// a 32-bit displacement from the next instruction follows: MOV both ways, LEA, and
// comparisons. It looks at all bytes, as instructions begin anywhere.
func findRel32(code []byte, start uint32) []site {
	var sites []site
	for i := 0; i+6 < len(code); i++ {
		at := 0
		switch code[i] {
		case 0xe8:
			at = i + 1
		case 0x8d, 0x8b, 0x89, 0x83, 0x3b, 0x80:
			if code[i+1]&0xc7 == 0x05 {
				at = i + 2
			}
		}
		if at == 0 {
			continue
		}
		if target := start + uint32(at) + 4 + le.Uint32(code[at:]); target < 1<<30 {
			sites = append(sites, site{at, target})
			i = at + 3
		}
	}
	return sites
}

func findBL(code []byte, start uint32) []site {
	var sites []site
	for at := 0; at+4 <= len(code); at += 4 {
		if w := le.Uint32(code[at:]); w>>26 == 0x25 {
			sites = append(sites, site{at, start + uint32(at) + uint32(int32(w<<6)>>4)})
		}
	}
	return sites
}

func addBranch26(b []byte, at uint32) {
	const field = 1<<26 - 1
	w := le.Uint32(b)
	put32(b, w&^field|(w+at/4)&field)
}

func findADRP(code []byte, start uint32) []site {
	var sites []site
	for at := 0; at+4 <= len(code); at += 4 {
		if w := le.Uint32(code[at:]); w&0x9f000000 == 0x90000000 {
			sites = append(sites, site{at, unpacker.ADRP(w) + (start+uint32(at))>>12})
		}
	}
	return sites
}

func addADRP(b []byte, at uint32) {
	w := le.Uint32(b)
	put32(b, unpacker.SetADRP(w, unpacker.ADRP(w)+at>>12))
}

func findJAL(code []byte, start uint32) []site {
	var sites []site
	for at := 0; at+4 <= len(code); at += 2 {
		if w := le.Uint32(code[at:]); w&0xfff == 0xef { // with link register X1
			sites = append(sites, site{at, start/2 + uint32(at/2) + uint32(int32(unpacker.JAL(w)<<12)>>12)})
			at += 2
		}
	}
	return sites
}

func addJAL(b []byte, at uint32) {
	w := le.Uint32(b)
	put32(b, w&(1<<12-1)|(unpacker.JAL(w)+at/2)<<12)
}

func findAUIPC(code []byte, start uint32) []site {
	var sites []site
	for at := 0; at+8 <= len(code); at += 2 {
		hi, lo := le.Uint32(code[at:]), le.Uint32(code[at+4:])
		// The next instruction must have 32 bits and use the register, as its base.
		if hi&0x7f != unpacker.AUIPC || lo&3 != 3 || lo>>15&0x1f != hi>>7&0x1f {
			continue
		}
		switch lo & 0x7f {
		case 0x03, 0x07, 0x13, 0x1b, 0x23, 0x27, 0x67: // loads, ADDI, ADDIW, stores, JALR
		default:
			continue
		}
		sites = append(sites, site{at, start + uint32(at) + pairValue(hi, lo)})
		at += 6
	}
	return sites
}

// pairValue returns what AUIPC hi and the immediate of lo add to the program counter.
func pairValue(hi, lo uint32) uint32 {
	return hi&^(1<<12-1) + uint32(int32(unpacker.Low12(lo)<<20)>>20)
}

func addAUIPC(b []byte, at uint32) {
	hi, lo := le.Uint32(b), le.Uint32(b[4:])
	put32(b, unpacker.SetLow12(lo, 0))
	put32(b[4:], pairValue(hi, lo)+at)
}
