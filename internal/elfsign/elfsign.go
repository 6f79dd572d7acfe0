// Package elfsign signs ELF executables and verifies their signatures. It refuses a signed file of which any byte is not as the
// signer left it, and a file that it could not restore.
//
// # Layout
//
// A signed file is the original with something behind it: a section header table that has one section more, the string table with
// its name, and that section, .elfsign, which ends the file. Of the original, only the fields of the ELF header change that say where the
// section header table is; .elfsign has their old values, so the original can be restored, bit for bit. No byte of a segment moves.
//
// # What is signed
//
// The content: the file whose section .elfsign has its 32-byte head and no signatures. It is an ELF file that runs, made from the
// original by Read, and its SHA-256 is in the statement that Ed25519 keys sign. So signatures cover every byte but the signatures, and the
// field that says how long they are. A reader makes the content again from the original in the file, and compares: there is
// exactly one signed form of an original with given signatures.
//
// docs/signing.md describes the format for others.
package elfsign

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"fmt"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// Section is the name of the section with the signatures.
const Section = ".elfsign"

// MaxFile is the size in bytes of the largest file that is read.
const MaxFile = 1 << 30

// The head of the section: magic number, and of the original the file size, e_shoff, e_shentsize, e_shnum, e_shstrndx, then two zero bytes.
const (
	magic    = "elfsign\x01"
	headSize = 32
)

// Offsets of the fields of the ELF header that signing changes, and of a section header's sh_size (gABI 4).
const (
	shoffAt   = 40
	shentAt   = 58 // e_shentsize, e_shnum and e_shstrndx follow each other
	shentSize = 6
	shSizeAt  = 32
)

var le = binary.LittleEndian

// A Program is an ELF file together with its signatures.
type Program struct {
	Name       string
	Original   []byte // the file before it was signed
	Content    []byte // what is signed
	Signatures []Signature

	sizeField uint64 // offset in Content of the sh_size of .elfsign
}

// Read returns the program in f, which may be signed or not. It shares memory with f. It fails when f has a section .elfsign that is not as
// this package writes it, and when it could not be signed. It does not verify signatures.
func Read(f *goelf.File) (*Program, error) {
	s := f.Section(Section)
	if s == nil {
		return prepare(f)
	}
	fail := func(off uint64, format string, args ...any) (*Program, error) {
		return nil, &goelf.FormatError{File: f.Name, Off: off, Msg: "section " + Section + ": " + fmt.Sprintf(format, args...)}
	}
	size := uint64(len(f.Data))
	if elf.SectionType(s.Type) != elf.SHT_PROGBITS || s.Flags != 0 {
		return fail(s.Off, "it has type %v and flags %#x, want %v and 0", elf.SectionType(s.Type), s.Flags, elf.SHT_PROGBITS)
	}
	if s.Off+s.Size != size {
		return fail(s.Off, "it ends at %#x, want the end of the file, %#x: the file was cut, extended or rewritten after it was signed",
			s.Off+s.Size, size)
	}
	if s.Size < headSize {
		return fail(s.Off, "it has %d bytes, want at least %d", s.Size, headSize)
	}
	head := f.Data[s.Off:][:headSize]
	if string(head[:8]) != magic || le.Uint16(head[30:]) != 0 {
		return fail(s.Off, "it begins with % x and ends its head with % x, want % x and zeros", head[:8], head[30:], magic)
	}
	n := le.Uint64(head[8:])
	if n < goelf.HeaderSize || n > s.Off {
		return fail(s.Off+8, "it says that the original has %#x bytes, want %#x to %#x", n, goelf.HeaderSize, s.Off)
	}
	original := bytes.Clone(f.Data[:n])
	copy(original[shoffAt:shoffAt+8], head[16:24])
	copy(original[shentAt:], head[24:30])
	g, err := goelf.Parse(f.Name, original)
	if err != nil {
		return fail(s.Off, "the original in the file is damaged: %v", err)
	}
	if g.Section(Section) != nil {
		return fail(s.Off, "the original in the file is signed, too")
	}
	p, err := prepare(g)
	if err != nil {
		return nil, err
	}
	content := bytes.Clone(f.Data[:s.Off+headSize])
	if uint64(len(content)) != uint64(len(p.Content)) {
		return fail(s.Off, "it is at %#x, want %#x: the file was rewritten after it was signed", s.Off, uint64(len(p.Content))-headSize)
	}
	copy(content[p.sizeField:], p.Content[p.sizeField:][:8])
	for i := range content {
		if content[i] != p.Content[i] {
			return nil, &goelf.FormatError{File: f.Name, Off: uint64(i), Msg: fmt.Sprintf(
				"byte %#02x, want %#02x: what was added to the original is not as elfsign writes it", content[i], p.Content[i])}
		}
	}
	p.Signatures, err = parseSignatures(f.Data[s.Off+headSize:])
	if err != nil {
		return fail(s.Off+headSize, "%v", err)
	}
	return p, nil
}

// prepare adds an empty section .elfsign to an original.
func prepare(f *goelf.File) (*Program, error) {
	fail := func(off uint64, format string, args ...any) (*Program, error) {
		return nil, &goelf.FormatError{File: f.Name, Off: off, Msg: fmt.Sprintf(format, args...)}
	}
	if len(f.Data) > MaxFile {
		return fail(0, "the file has %d bytes, want at most %d", len(f.Data), MaxFile)
	}
	if t := elf.Type(f.Header.Type); t != elf.ET_EXEC && t != elf.ET_DYN {
		return fail(16, "file type %v, want %v or %v: only programs are signed", t, elf.ET_EXEC, elf.ET_DYN)
	}
	count := len(f.Sections)
	if count+2 >= int(elf.SHN_LORESERVE) || (count > 0 && f.Header.Shnum == 0) {
		return fail(60, "the file has %d sections, want less than %d", count, elf.SHN_LORESERVE-2)
	}
	names := []byte{0}
	table := make([]byte, max(count, 1)*goelf.SectionHeaderSize)
	if count > 0 {
		if f.Shstrndx == 0 || f.Header.Shstrndx >= uint16(elf.SHN_LORESERVE) {
			return fail(62, "e_shstrndx is %#x, want the index of the section with the names of sections", f.Header.Shstrndx)
		}
		data, err := f.SectionData(&f.Sections[f.Shstrndx])
		if err != nil {
			return nil, err
		}
		names = bytes.Clone(data)
		copy(table, f.Data[f.Header.Shoff:])
	}
	strings := f.Shstrndx
	if count == 0 {
		strings, count = 1, 2
		table = append(table, header(uint32(len(names)), elf.SHT_STRTAB)...)
		names = append(names, ".shstrtab\x00"...)
	}
	table = append(table, header(uint32(len(names)), elf.SHT_PROGBITS)...)
	names = append(names, Section+"\x00"...)

	// Section headers and the signatures are at multiples of 8.
	out := pad8(bytes.Clone(f.Data))
	tableAt := uint64(len(out))
	namesAt := tableAt + uint64(len(table))
	place := func(index int, off, size uint64) {
		le.PutUint64(table[index*goelf.SectionHeaderSize+24:], off)
		le.PutUint64(table[index*goelf.SectionHeaderSize+shSizeAt:], size)
	}
	place(strings, namesAt, uint64(len(names)))
	at := (namesAt + uint64(len(names)) + 7) &^ 7
	place(count, at, headSize)
	out = pad8(append(append(out, table...), names...))

	out = append(out, magic...)
	out = le.AppendUint64(out, uint64(len(f.Data)))
	out = append(out, f.Data[shoffAt:shoffAt+8]...)
	out = append(out, f.Data[shentAt:shentAt+shentSize]...)
	out = append(out, 0, 0)

	le.PutUint64(out[shoffAt:], tableAt)
	le.PutUint16(out[shentAt:], goelf.SectionHeaderSize)
	le.PutUint16(out[shentAt+2:], uint16(count+1))
	le.PutUint16(out[shentAt+4:], uint16(strings))
	return &Program{Name: f.Name, Original: f.Data, Content: out,
		sizeField: tableAt + uint64(count)*goelf.SectionHeaderSize + shSizeAt}, nil
}

// header returns the header of a section that is not loaded.
func header(name uint32, t elf.SectionType) []byte {
	h := make([]byte, goelf.SectionHeaderSize)
	le.PutUint32(h, name)
	le.PutUint32(h[4:], uint32(t))
	align := uint64(8)
	if t == elf.SHT_STRTAB {
		align = 1
	}
	le.PutUint64(h[48:], align)
	return h
}

// pad8 extends b by zeros to a multiple of 8 bytes.
func pad8(b []byte) []byte { return append(b, make([]byte, -len(b)&7)...) }

// Bytes returns the file with its signatures.
func (p *Program) Bytes() []byte {
	out := bytes.Clone(p.Content)
	for _, s := range p.Signatures {
		out = s.append(out)
	}
	le.PutUint64(out[p.sizeField:], headSize+uint64(len(out)-len(p.Content)))
	return out
}

// Statement returns the text that stands for content, and that Ed25519 keys sign. The first line keeps a signature from being taken for
// one of something else that the key signs.
func Statement(content []byte) []byte {
	return fmt.Appendf(nil, "elfsign statement 1\nsha256 %x\n", sha256.Sum256(content))
}
