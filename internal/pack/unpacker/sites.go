package unpacker

import "unsafe"

// A filter undoes what the packer did to instructions that name a place by its
// distance: there, equal places are equal bytes wherever they are named, and LZ4
// finds more matches. To the 32 bits at each site the packer added the site's distance from
// the start of the filtered range, in the field and the unit of the instruction;
// sums wrap around. A byte list gives the sites: each byte is the number
// of instruction units (1 byte on amd64, 4 on arm64, 2 on riscv64) from the end of
// the site before to the next one, but 255 stands for 255 units and no site.

// A site is 4 bytes, here of any kind; AUIPC has 8.
const (
	siteSize = 4
	pairSize = 8
)

// rel32Sites: 32-bit displacements (amd64).
//
//go:nosplit
func rel32Sites(p unsafe.Pointer, n uintptr, list, listEnd unsafe.Pointer) bool {
	for at := uintptr(0); list != listEnd; list = unsafe.Add(list, 1) {
		b := uintptr(load8(list))
		at += b
		if b == 255 {
			continue
		}
		if at+siteSize > n {
			return false
		}
		site := unsafe.Add(p, at)
		store32(site, load32(site)-uint32(at))
		at += siteSize
	}
	return true
}

// branch26Sites: B and BL, 26 bits that count instructions (arm64).
//
//go:nosplit
func branch26Sites(p unsafe.Pointer, n uintptr, list, listEnd unsafe.Pointer) bool {
	for at := uintptr(0); list != listEnd; list = unsafe.Add(list, 1) {
		b := uintptr(load8(list))
		at += b * 4
		if b == 255 {
			continue
		}
		if at+siteSize > n {
			return false
		}
		site := unsafe.Add(p, at)
		const field = 1<<26 - 1
		w := load32(site)
		store32(site, w&^field|(w-uint32(at/4))&field)
		at += siteSize
	}
	return true
}

// adrpSites: ADRP, 21 bits that count pages of 4 KiB, low 2 bits at bit 29, the others
// at bit 5 (arm64).
//
//go:nosplit
func adrpSites(p unsafe.Pointer, n uintptr, list, listEnd unsafe.Pointer) bool {
	for at := uintptr(0); list != listEnd; list = unsafe.Add(list, 1) {
		b := uintptr(load8(list))
		at += b * 4
		if b == 255 {
			continue
		}
		if at+siteSize > n {
			return false
		}
		site := unsafe.Add(p, at)
		w := load32(site)
		store32(site, SetADRP(w, ADRP(w)-uint32(at>>12)))
		at += siteSize
	}
	return true
}

// jalSites: JAL, 21 bits of which the lowest is 0, scattered (riscv64).
//
//go:nosplit
func jalSites(p unsafe.Pointer, n uintptr, list, listEnd unsafe.Pointer) bool {
	for at := uintptr(0); list != listEnd; list = unsafe.Add(list, 1) {
		b := uintptr(load8(list))
		at += b * 2
		if b == 255 {
			continue
		}
		if at+siteSize > n {
			return false
		}
		site := unsafe.Add(p, at)
		// The packer left the sum in bits 12 to 31 as one number.
		w := load32(site)
		store32(site, SetJAL(w, w>>12-uint32(at/2)))
		at += siteSize
	}
	return true
}

// auipcSites: AUIPC and the instruction after it, which has the low 12 bits and
// adds them to the register that AUIPC sets (riscv64). The packer left of the second
// instruction what is not its immediate, and then the sum as one word.
//
//go:nosplit
func auipcSites(p unsafe.Pointer, n uintptr, list, listEnd unsafe.Pointer) bool {
	for at := uintptr(0); list != listEnd; list = unsafe.Add(list, 1) {
		b := uintptr(load8(list))
		at += b * 2
		if b == 255 {
			continue
		}
		if at+pairSize > n {
			return false
		}
		site := unsafe.Add(p, at)
		next := unsafe.Add(site, 4)
		lo, v := load32(site), load32(next)-uint32(at)
		store32(site, AUIPC|lo>>15&0x1f<<7|(v+1<<11)&^(1<<12-1))
		store32(next, SetLow12(lo, v))
		at += pairSize
	}
	return true
}

// AUIPC is the opcode of AUIPC (RISC-V Unprivileged ISA, 2.4.1).
const AUIPC = 0x17

// ADRP returns the immediate of ADRP instruction w.
//
//go:nosplit
func ADRP(w uint32) uint32 { return w>>29&3 | w>>5&(1<<19-1)<<2 }

// SetADRP returns w with the low 21 bits of v as its immediate.
//
//go:nosplit
func SetADRP(w, v uint32) uint32 {
	return w&^(3<<29|(1<<19-1)<<5) | v&3<<29 | v>>2&(1<<19-1)<<5
}

// SetJAL returns w with the low 20 bits of v, a distance in units of 2 bytes, as its
// immediate (RISC-V Unprivileged ISA, 2.5.1, J-type).
//
//go:nosplit
func SetJAL(w, v uint32) uint32 {
	return w&(1<<12-1) | v>>11&(1<<8-1)<<12 | v>>10&1<<20 | v&(1<<10-1)<<21 | v>>19&1<<31
}

// JAL returns the immediate of w, as SetJAL takes it.
//
//go:nosplit
func JAL(w uint32) uint32 {
	return w>>21&(1<<10-1) | w>>20&1<<10 | w>>12&(1<<8-1)<<11 | w>>31<<19
}

// Stores have opcode 0x23 in bits 0 to 6, those of floating-point registers 0x27; the
// other instructions with 12-bit immediates are I-type.
const (
	storeOpcode = 0x23
	storeMask   = 0x7b
)

// Low12 returns the 12-bit immediate of the I-type or S-type instruction w (RISC-V
// Unprivileged ISA, 2.3).
//
//go:nosplit
func Low12(w uint32) uint32 {
	if w&storeMask == storeOpcode {
		return w>>25<<5 | w>>7&0x1f
	}
	return w >> 20
}

// SetLow12 returns w with the low 12 bits of v as its immediate.
//
//go:nosplit
func SetLow12(w, v uint32) uint32 {
	if w&storeMask == storeOpcode {
		return w&^(0x7f<<25|0x1f<<7) | v>>5&0x7f<<25 | v&0x1f<<7
	}
	return w&(1<<20-1) | v<<20
}
