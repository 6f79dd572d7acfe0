// Package arch holds what the linker must know about a machine, as tables. It
// knows nothing about files, and the linker knows nothing about instructions:
// one subpackage per machine fills in an Arch.
package arch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/machine"
)

// An Arch describes one machine.
type Arch struct {
	*machine.Machine
	Flags uint32 // e_flags of the output
	// PageSize is the largest page size, in bytes, that Linux kernels for the
	// machine use; segments with different permissions do not share such a page.
	PageSize uint64
	// TLSOffset returns the distance from the thread pointer to the start of a
	// TLS segment of size bytes and alignment align.
	TLSOffset func(size, align uint64) int64
	// Relocs are the relocation types of ELF objects that cmd/link emits.
	Relocs map[uint32]Reloc
	// GoRelocs translate a relocation of a Go object into relocations of Relocs.
	GoRelocs map[goobj.RelocType][]GoReloc
	// GoTLSRelocs are those of thread-local variables.
	GoTLSRelocs map[goobj.RelocType][]GoReloc
	// EntryExe enters a program at a fixed address, EntryPIE one that must
	// relocate itself.
	EntryExe, EntryPIE Stub
	// EntryHuge goes before EntryPIE in a program that has much to relocate.
	EntryHuge Stub
	// Unpacker enters a packed program (internal/pack).
	Unpacker Stub
}

// A Class says what a relocation makes of the address S+A of its target.
type Class uint8

const (
	// Address stores all 64 bits of the address. A position-independent
	// program relocates such a place when it starts.
	Address Class = iota
	// Absolute needs the value of the address at link time.
	Absolute
	// Relative depends on the distance to the target only.
	Relative
	// Low completes the Relative relocation at the label it refers to, with
	// that one's target and place (RISC-V PCREL_LO12).
	Low
	// TLS depends on the offset of the target from the thread pointer only.
	TLS
	// TLSHigh is a TLS relocation that a Low one may complete.
	TLSHigh
)

// A Reloc is one relocation type.
type Reloc struct {
	Name  string // as in the ABI document
	Class Class
	Size  uint64 // bytes that may change, from the relocation's offset on
	Back  uint64 // bytes before the offset that may change too
	// Apply relocates b, which holds the Back+Size bytes. p is the address of
	// the relocation's offset. t is S+A; for classes TLS and TLSHigh it is the
	// offset from the thread pointer, for Low it is the target of the completed
	// relocation and p its place. The error does not name the place.
	Apply func(b []byte, p, t uint64) error
	// ApplyTLS is Apply for a Low relocation that completes a TLSHigh one.
	ApplyTLS func(b []byte, p, t uint64) error
}

// A GoReloc is one ELF relocation, relative to a Go relocation.
type GoReloc struct {
	Type uint32
	Off  uint64 // added to the offset
	Add  int64  // added to the addend
	// Low says that the target is the place of the relocation before, as
	// class Low wants it.
	Low bool
}

// A Stub is machine code that a program begins with.
type Stub struct {
	Code   []byte
	Relocs []StubReloc
}

// A StubReloc is an ELF relocation of a Stub.
type StubReloc struct {
	Off    uint64
	Type   uint32
	Symbol string // defined by the linker; "" for the place of the relocation before
	Add    int64
}

// FitsSigned reports whether v is a signed number of so many bits.
func FitsSigned(v int64, bits uint) bool {
	return v>>(bits-1) == 0 || v>>(bits-1) == -1
}

// Put64 stores t, the whole address, at b.
func Put64(b []byte, _, t uint64) error {
	binary.LittleEndian.PutUint64(b, t)
	return nil
}

// Put32 stores t at b, where it has 32 unsigned bits.
func Put32(b []byte, _, t uint64) error {
	if t>>32 != 0 {
		return fmt.Errorf("value %#x does not fit 32 unsigned bits", t)
	}
	binary.LittleEndian.PutUint32(b, uint32(t))
	return nil
}

// CheckSigned returns an error unless v is a signed number of so many bits and a
// multiple of unit.
func CheckSigned(v int64, bits uint, unit int64) error {
	if !FitsSigned(v, bits) {
		return fmt.Errorf("value %#x does not fit %d signed bits", v, bits)
	}
	if v%unit != 0 {
		return fmt.Errorf("value %#x is not a multiple of %d", v, unit)
	}
	return nil
}

// LowerGo translates the relocation r at offset off of its section into ELF
// relocations of a. ok is false when the type is unknown.
func (a *Arch) LowerGo(r goobj.Reloc, off uint64) (out []StubReloc, ok bool) {
	fields, ok := a.GoRelocs[r.Type]
	for _, f := range fields {
		s := StubReloc{Off: off + f.Off, Type: f.Type, Symbol: r.Target.Name, Add: r.Add + f.Add}
		if f.Low {
			s.Symbol, s.Add = "", 0
		}
		out = append(out, s)
	}
	return out, ok
}

// HugePage is the size in bytes of the huge pages that EntryHuge uses; where the kernel's
// have another size, it does nothing.
const HugePage = 2 << 20

// Is reports whether the start of code matches s, ignoring the fields the linker fills in.
func (a *Arch) Is(s Stub, code []byte) bool {
	if len(code) < len(s.Code) {
		return false
	}
	return bytes.Equal(a.blank(s, code), a.blank(s, s.Code))
}

// blank returns a copy of as much of code as s has, in which the places that its
// relocations fill in are zero.
func (a *Arch) blank(s Stub, code []byte) []byte {
	code = bytes.Clone(code[:len(s.Code)])
	for _, r := range s.Relocs {
		field := a.Relocs[r.Type]
		clear(code[r.Off-field.Back : r.Off+field.Size])
	}
	return code
}

// EntryPIEHuge returns EntryHuge and, after it, EntryPIE.
func (a *Arch) EntryPIEHuge() Stub {
	first, second := a.EntryHuge, a.EntryPIE
	size := uint64(len(first.Code))
	s := Stub{slices.Concat(first.Code, second.Code), slices.Clone(first.Relocs)}
	for i := range s.Relocs {
		if r := &s.Relocs[i]; r.Symbol == "__entry_pie" {
			r.Symbol, r.Add = "_start", r.Add+int64(size)
		}
	}
	for _, r := range second.Relocs {
		r.Off += size
		if r.Symbol == "_start" {
			r.Add += int64(size)
		}
		s.Relocs = append(s.Relocs, r)
	}
	return s
}
