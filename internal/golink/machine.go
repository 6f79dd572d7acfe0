package golink

import (
	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/amd64"
	"github.com/go3s/rules_go3s/internal/arch/arm64"
	"github.com/go3s/rules_go3s/internal/arch/riscv64"
	"github.com/go3s/rules_go3s/internal/goobj"
)

// A machine is what cmd/link knows about an architecture.
type machine struct {
	*arch.Arch
	elfFlags  uint32
	entry     string // where a program starts
	round     uint64 // multiple at which segments begin
	textAddr  uint64 // address of the code of a program at a fixed address
	funcAlign uint64
	minInst   uint64 // bytes of the least instruction
	codePad   byte   // between functions
	// deferReturn is added to the offset of a call's relocation to get the offset of the call.
	deferReturn int32
	callPush    int32 // bytes that a call pushes
	frameSave   int32 // bytes below the stack pointer that a frame uses besides
	// calls are the relocation types of direct calls.
	calls []goobj.RelocType
	// addendsInPlace says that objects have the addends of addresses in the places, too.
	addendsInPlace bool
	// maxText is how many bytes of code calls reach across without jumps that the linker makes; 0 for as many as there may be. Jumps are
	// made for farCalls.
	maxText  uint64
	farCalls bool
	// fields say, by relocation type, how to relocate.
	fields [goobj.MaxReloc + 1][]field
	// known has the relocation types that objects for the machine may have, but for the release's own.
	known [goobj.MaxReloc + 1]bool
	// plain has those of them that mean no more for what a program needs than that it needs their target.
	plain [goobj.MaxReloc + 1]bool
}

// commonRelocs are the relocation types that every machine has and that no field is for.
var commonRelocs = []goobj.RelocType{
	goobj.RelocAddr, goobj.RelocAddrOff, goobj.RelocSize, goobj.RelocCallInd, goobj.RelocConst, goobj.RelocPCRel, goobj.RelocKeep,
}

// reachRelocs are those that have a meaning of their own for what a program needs.
var reachRelocs = []goobj.RelocType{
	goobj.RelocUseType, goobj.RelocUseIface, goobj.RelocUseIfaceMethod, goobj.RelocUseNamedMethod, goobj.RelocMethodOff,
}

// A field is a part of a Go relocation.
type field struct {
	arch.GoReloc
	*arch.Reloc
}

const headerReserve = 4096 // bytes for headers and notes before the code, in the file and in memory

var machines = map[string]*machine{
	"amd64": {
		Arch: amd64.Arch, entry: "_rt0_amd64_linux", round: 4 << 10, textAddr: 4<<20 + headerReserve, funcAlign: 32, minInst: 1,
		codePad: 0xcc, deferReturn: -1, callPush: 8, calls: []goobj.RelocType{goobj.RelocCall},
	},
	"arm64": {
		Arch: arm64.Arch, entry: "_rt0_arm64_linux", round: 64 << 10, textAddr: 64<<10 + headerReserve, funcAlign: 16, minInst: 4,
		calls: []goobj.RelocType{goobj.RelocCallARM64}, maxText: 0x7c00000, frameSave: 8, addendsInPlace: true,
	},
	"riscv64": {
		Arch: riscv64.Arch, elfFlags: 4, entry: "_rt0_riscv64_linux", round: 64 << 10, textAddr: 64<<10 + headerReserve,
		funcAlign: 8, minInst: 2, addendsInPlace: true,
		calls: []goobj.RelocType{goobj.RelocRISCVCall, goobj.RelocRISCVJAL, goobj.RelocRISCVJALTramp}, farCalls: true,
	},
}

func init() {
	for _, m := range machines {
		for _, t := range commonRelocs {
			m.known[t] = true
		}
		for _, types := range []map[goobj.RelocType][]arch.GoReloc{m.GoRelocs, m.GoTLSRelocs} {
			for t, parts := range types {
				m.known[t] = true
				for _, p := range parts {
					r := m.Relocs[p.Type]
					m.fields[t] = append(m.fields[t], field{p, &r})
				}
			}
		}
		m.plain = m.known
		for _, t := range reachRelocs {
			m.known[t] = true
		}
	}
}

// isCall reports whether relocations of type t are those of direct calls.
func (m *machine) isCall(t goobj.RelocType) bool {
	for _, c := range m.calls {
		if c == t {
			return true
		}
	}
	return false
}

// maxFields returns how many fields a relocation has at most.
func (m *machine) maxFields() int {
	most := 1
	for _, f := range m.fields {
		most = max(most, len(f))
	}
	return most
}
