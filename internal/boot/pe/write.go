package pe

import (
	"encoding/binary"
	"fmt"

	"github.com/go3s/rules_go3s/internal/elf"
)

// A NewSection is one for AddSections.
type NewSection struct {
	Name            string // 1 to 8 bytes
	Content         []byte // not empty
	Characteristics uint32
}

// AddSections returns the file without signatures and with more sections, in their order, at its end in the file and in memory. There
// must be room for their headers.
func (im *Image) AddSections(sections []NewSection) ([]byte, error) {
	room := (im.headers - im.table) / sectionHeader
	if n := len(im.Sections) + len(sections); n > room || n > maxSections {
		return nil, formatError(im.table, "no room for %d more sections: the headers have %d bytes, which are %d sections, and %d are there; "+
			"take a stub that was made for more (systemd 250 or newer)", len(sections), im.headers, room, len(im.Sections))
	}
	out := append([]byte{}, im.data[:im.unsigned]...)
	put32 := func(offset int, v uint64) { binary.LittleEndian.PutUint32(out[offset:], uint32(v)) }
	var address uint64
	for _, s := range im.Sections {
		address = max(address, uint64(s.VirtualAddress)+uint64(max(s.VirtualSize, s.Size)))
	}
	for i, s := range sections {
		if s.Name == "" || len(s.Name) > 8 || len(s.Content) == 0 {
			return nil, fmt.Errorf("section %q with %d bytes: want a name of 1 to 8 bytes, and content", s.Name, len(s.Content))
		}
		if _, ok := im.Section(s.Name); ok {
			return nil, fmt.Errorf("section %q is there already: take a stub alone, not an image that was made of one", s.Name)
		}
		address = elf.AlignUp(address, uint64(im.sectionAlign))
		offset, size := uint64(len(out)), elf.AlignUp(uint64(len(s.Content)), uint64(im.fileAlign))
		if address+size > 1<<31 || offset+size > MaxFile {
			return nil, fmt.Errorf("section %q: it would end at %#x of the file and %#x in memory, want at most %#x and %#x; make what is "+
				"in the image smaller", s.Name, offset+size, address+size, uint64(MaxFile), uint64(1<<31))
		}
		at := im.table + (len(im.Sections)+i)*sectionHeader
		clear(out[at : at+sectionHeader])
		copy(out[at:], s.Name)
		put32(at+8, uint64(len(s.Content)))
		put32(at+12, address)
		put32(at+16, size)
		put32(at+20, offset)
		put32(at+36, uint64(s.Characteristics))
		out = append(out, s.Content...)
		out = append(out, make([]byte, size-uint64(len(s.Content)))...)
		address += uint64(len(s.Content))
	}
	put32(im.optional+optImageSize, elf.AlignUp(address, uint64(im.sectionAlign)))
	put32(im.optional+optCertificates, 0)
	put32(im.optional+optCertificates+4, 0)
	put32(im.optional+optChecksum, 0)
	binary.LittleEndian.PutUint16(out[im.optional-coffHeader+6:], uint16(len(im.Sections)+len(sections)))
	return out, nil
}

// The head of a signature ("The Attribute Certificate Table"): length with the head, revision 2.0, and type PKCS#7.
const (
	certificateHead     = 8
	certificateRevision = 0x0200
	certificatePKCS7    = 2
	maxSignatures       = 16
)

// Signatures returns the signatures of the file, in DER with what pads them.
func (im *Image) Signatures() ([][]byte, error) {
	var found [][]byte
	for at := im.unsigned; at < len(im.data); {
		left := len(im.data) - at
		if left < certificateHead || len(found) == maxSignatures {
			return nil, formatError(at, "%d bytes after %d signatures, want at most %d signatures and nothing after them", left, len(found),
				maxSignatures)
		}
		size := int64(im.u32(at))
		if size < certificateHead || int64(elf.AlignUp(uint64(size), 8)) > int64(left) || im.u16(at+4) != certificateRevision ||
			im.u16(at+6) != certificatePKCS7 {
			return nil, formatError(at, "a signature of %d bytes, revision %#x, type %d in the %d bytes that are left; want %#x and %d", size,
				im.u16(at+4), im.u16(at+6), left, certificateRevision, certificatePKCS7)
		}
		found = append(found, im.data[at+certificateHead:at+int(size)])
		for _, b := range im.data[at+int(size) : at+int(elf.AlignUp(uint64(size), 8))] {
			if b != 0 {
				return nil, formatError(at+int(size), "padding with byte %#x, want 0", b)
			}
		}
		at += int(elf.AlignUp(uint64(size), 8))
	}
	return found, nil
}

// WithSignatures returns the file with these signatures alone.
func (im *Image) WithSignatures(signatures [][]byte) ([]byte, error) {
	if im.unsigned%8 != 0 {
		return nil, formatError(im.unsigned, "the sections end at no multiple of 8 bytes, where signatures begin")
	}
	out := append([]byte{}, im.data[:im.unsigned]...)
	for _, s := range signatures {
		out = binary.LittleEndian.AppendUint32(out, uint32(certificateHead+len(s)))
		out = binary.LittleEndian.AppendUint16(out, certificateRevision)
		out = binary.LittleEndian.AppendUint16(out, certificatePKCS7)
		out = append(out, s...)
		out = append(out, make([]byte, (8-len(s)%8)%8)...)
	}
	offset, size := im.unsigned, len(out)-im.unsigned
	if size == 0 {
		offset = 0
	}
	at := im.optional + optCertificates
	binary.LittleEndian.PutUint32(out[at:], uint32(offset))
	binary.LittleEndian.PutUint32(out[at+4:], uint32(size))
	return out, nil
}
