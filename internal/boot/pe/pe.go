// Package pe reads UEFI programs (PE32+, "PE Format" of Microsoft, section numbers below), computes what an Authenticode signature is of,
// and adds sections and signatures to them. It refuses files with bytes that no signature would cover, so a file that Parse takes is
// covered as a whole, but for its checksum and the signatures themselves.
package pe

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// MaxFile is the size in bytes of the largest file.
const MaxFile = 1 << 30

// Machines of UEFI programs ("Machine Types").
const (
	AMD64   = 0x8664
	ARM64   = 0xaa64
	RISCV64 = 0x5064
)

// Machines are their names in Go (GOARCH).
var Machines = map[uint16]string{AMD64: "amd64", ARM64: "arm64", RISCV64: "riscv64"}

// Characteristics of sections ("Section Flags").
const (
	Code    = 0x20
	Data    = 0x40
	Execute = 0x20000000
	Read    = 0x40000000
)

// Offsets of fields and sizes, in bytes. Those of the optional header are from its start.
const (
	dosHeader       = 64
	dosNewHeader    = 60 // e_lfanew: where the signature "PE\0\0" is
	coffHeader      = 24 // with that signature
	optMagic        = 0
	optSectionAlign = 32
	optFileAlign    = 36
	optImageSize    = 56
	optHeaderSize   = 60
	optChecksum     = 64
	optSubsystem    = 68
	optDirectories  = 108 // their count
	optCertificates = 112 + 8*4
	optMinimum      = optCertificates + 8
	sectionHeader   = 40
	magicPE32Plus   = 0x20b
	subsystemEFI    = 10 // an application
	maxSections     = 96 // "Section Table"
	maxHeaderOffset = 1 << 16
)

// A Section is a section as its header describes it. Sizes and offsets are in bytes.
type Section struct {
	Name            string
	VirtualSize     uint32 // of the content; the file may have more bytes, which are padding
	VirtualAddress  uint32
	Size            uint32 // in the file
	Offset          uint32 // in the file
	Characteristics uint32
}

// An Image is a parsed file. Its methods do not change it.
type Image struct {
	Machine  uint16
	Sections []Section

	data         []byte
	optional     int // offset of the optional header
	table        int // offset of the section table
	headers      int // size of all headers
	sectionAlign uint32
	fileAlign    uint32
	unsigned     int // size without the signatures
}

// A FormatError tells what is wrong with a file, and where.
type FormatError struct {
	Offset int
	Text   string
}

func (e *FormatError) Error() string { return fmt.Sprintf("offset %#x: %s", e.Offset, e.Text) }

func formatError(offset int, format string, args ...any) error {
	return &FormatError{offset, fmt.Sprintf(format, args...)}
}

// Parse reads a file, which it keeps.
func Parse(data []byte) (*Image, error) {
	if len(data) > MaxFile {
		return nil, formatError(0, "%d bytes, want %d at most", len(data), MaxFile)
	}
	if len(data) < dosHeader || string(data[:2]) != "MZ" {
		return nil, formatError(0, "it does not begin with \"MZ\": want a UEFI program (PE), such as a kernel with EFI stub or systemd's stub")
	}
	im := &Image{data: data}
	start := im.u32(dosNewHeader)
	if start < dosHeader || start > maxHeaderOffset || int(start)+coffHeader+optMinimum > len(data) ||
		string(data[start:][:4]) != "PE\x00\x00" {
		return nil, formatError(dosNewHeader, "no PE header at %#x: want a UEFI program", start)
	}
	im.Machine = im.u16(int(start) + 4)
	if _, ok := Machines[im.Machine]; !ok {
		return nil, formatError(int(start)+4, "unknown machine %#x: want a UEFI program for amd64 (%#x), arm64 (%#x) or riscv64 (%#x)",
			im.Machine, AMD64, ARM64, RISCV64)
	}
	count, size := int(im.u16(int(start)+6)), int(im.u16(int(start)+20))
	im.optional = int(start) + coffHeader
	im.table = im.optional + size
	if err := im.optionalHeader(size, count); err != nil {
		return nil, err
	}
	for i := range count {
		if err := im.section(i); err != nil {
			return nil, err
		}
	}
	if err := im.coverage(); err != nil {
		return nil, err
	}
	return im, nil
}

func (im *Image) u16(offset int) uint16 { return binary.LittleEndian.Uint16(im.data[offset:]) }
func (im *Image) u32(offset int) uint32 { return binary.LittleEndian.Uint32(im.data[offset:]) }

// optionalHeader checks the header that UEFI programs must have.
func (im *Image) optionalHeader(size, sections int) error {
	at := im.optional
	if magic := im.u16(at + optMagic); magic != magicPE32Plus {
		return formatError(at, "magic %#x, want PE32+ (%#x)", magic, magicPE32Plus)
	}
	if n := im.u32(at + optDirectories); n < 5 || n > 16 || size < optDirectories+4+8*int(n) {
		return formatError(at+optDirectories, "%d data directories in a header of %d bytes, want 5 to 16 that fit: one is for signatures",
			n, size)
	}
	if subsystem := im.u16(at + optSubsystem); subsystem != subsystemEFI {
		return formatError(at+optSubsystem, "subsystem %d, want a UEFI application (%d)", subsystem, subsystemEFI)
	}
	im.headers = int(im.u32(at + optHeaderSize))
	im.sectionAlign, im.fileAlign = im.u32(at+optSectionAlign), im.u32(at+optFileAlign)
	if im.fileAlign < 8 || im.fileAlign > 1<<16 || im.fileAlign&(im.fileAlign-1) != 0 || im.sectionAlign < im.fileAlign ||
		im.sectionAlign > 1<<24 || im.sectionAlign&(im.sectionAlign-1) != 0 {
		return formatError(at+optSectionAlign, "alignments of sections %#x and in the file %#x, want powers of two", im.sectionAlign,
			im.fileAlign)
	}
	if end := im.table + sections*sectionHeader; sections == 0 || sections > maxSections || end > im.headers || im.headers > len(im.data) {
		return formatError(im.table, "%d sections, whose headers end at %#x; want 1 to %d in the %#x bytes of headers", sections, end,
			maxSections, im.headers)
	}
	return nil
}

// section reads one section's header.
func (im *Image) section(i int) error {
	at := im.table + i*sectionHeader
	name := im.data[at:][:8]
	n := 0
	for n < len(name) && name[n] != 0 {
		n++
	}
	s := Section{string(name[:n]), im.u32(at + 8), im.u32(at + 12), im.u32(at + 16), im.u32(at + 20), im.u32(at + 36)}
	if end := uint64(s.VirtualAddress) + uint64(s.VirtualSize); end > 1<<31 {
		return formatError(at, "section %q: it ends at address %#x in memory, want less than 2 GiB", s.Name, end)
	}
	im.Sections = append(im.Sections, s)
	return nil
}

// coverage checks that headers, sections and signatures follow one another without a gap.
func (im *Image) coverage() error {
	end := im.headers
	for i, s := range im.Sections {
		if s.Size == 0 {
			continue
		}
		if int(s.Offset) != end || int64(end)+int64(s.Size) > int64(len(im.data)) {
			return formatError(im.table+i*sectionHeader,
				"section %q: it is at %#x to %#x of %#x bytes, want it at %#x, where what precedes it ends: other bytes may escape a signature",
				s.Name, s.Offset, uint64(s.Offset)+uint64(s.Size), len(im.data), end)
		}
		end += int(s.Size)
	}
	im.unsigned = end
	at := im.optional + optCertificates
	offset, size := int64(im.u32(at)), int64(im.u32(at+4))
	switch {
	case size == 0 && offset == 0 && end == len(im.data):
		return nil
	case size > 0 && offset == int64(end) && offset+size == int64(len(im.data)) && end%8 == 0:
		return nil
	}
	return formatError(at, "signatures at %#x, %d bytes, in a file of %#x bytes whose sections end at %#x: want the signatures there, "+
		"up to the end, or nothing. Sign before anything is appended", offset, size, len(im.data), end)
}

// Digest returns the SHA-256 that an Authenticode signature is of: of all but the checksum, the place and size of the signatures, and the
// signatures ("Windows Authenticode Portable Executable Signature Format", Calculating the PE Image Hash).
func (im *Image) Digest() [sha256.Size]byte {
	h := sha256.New()
	certificates := im.optional + optCertificates
	h.Write(im.data[:im.optional+optChecksum])
	h.Write(im.data[im.optional+optChecksum+4 : certificates])
	h.Write(im.data[certificates+8 : im.unsigned])
	return [sha256.Size]byte(h.Sum(nil))
}

// Content returns what the section has in memory, without padding: at most as many bytes as the file has.
func (im *Image) Content(s Section) []byte {
	if s.Size == 0 {
		return nil
	}
	return im.data[s.Offset:][:min(s.Size, s.VirtualSize)]
}

// Section returns the section of that name; ok is false without one.
func (im *Image) Section(name string) (s Section, ok bool) {
	for _, s := range im.Sections {
		if s.Name == name {
			return s, true
		}
	}
	return Section{}, false
}
