// Package goobj reads Go object files: a File has the symbols of what `go tool asm`
// writes, their bytes and their relocations, without what is for debuggers and the
// garbage collector; an Object is a view of any object, for a linker; Members are the
// files in an archive. It refuses files of any other shape. The format is that of
// cmd/internal/goobj, file magic "\x00go120ld".
//
// The reader is bounded: it checks every offset and count against the file before
// use and never panics.
package goobj

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// A File is a parsed object.
type File struct {
	Header
	Shared  bool     // assembled with -shared
	Symbols []Symbol // symbols that the file defines
}

// A Symbol is a symbol that the file defines.
type Symbol struct {
	Name   string
	Kind   Kind
	Size   uint32 // bytes in memory; len(Data) or more
	Align  uint32 // 0 when the file leaves it to the linker
	Static bool   // visible in this file only
	Data   []byte // shared with the input
	Relocs []Reloc
}

// A Reloc is a place in a symbol that depends on an address.
type Reloc struct {
	Off    int32 // in the symbol's Data
	Size   uint8 // bytes
	Type   RelocType
	Add    int64
	Target Target
}

// A Target is what a relocation refers to: a symbol of the same file, or the
// name of a symbol that another one must define.
type Target struct {
	Index int    // in File.Symbols; -1 when the symbol is not in this file
	Name  string // of the symbol in either case; "" when the relocation has none
}

// A Kind is a symbol kind (cmd/internal/objabi.SymKind of the verified releases).
type Kind uint8

// Kinds that occur in hand-written assembly.
const (
	KindText      Kind = 1
	KindROData    Kind = 3
	KindNoPtrData Kind = 5
	KindData      Kind = 7
	KindBSS       Kind = 9
	KindNoPtrBSS  Kind = 10
	KindTLSBSS    Kind = 11
	firstDWARF    Kind = 12
	lastDWARF     Kind = 21
)

var kindNames = map[Kind]string{
	KindText: "TEXT", KindROData: "RODATA", KindNoPtrData: "NOPTRDATA", KindData: "DATA",
	KindBSS: "BSS", KindNoPtrBSS: "NOPTRBSS", KindTLSBSS: "TLSBSS",
}

func (k Kind) String() string {
	if s, ok := kindNames[k]; ok {
		return s
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// IsDWARF reports whether symbols of kind k are debugging information.
func (k Kind) IsDWARF() bool { return firstDWARF <= k && k <= lastDWARF }

// A RelocType is a relocation type (cmd/internal/objabi.RelocType of the verified
// releases).
type RelocType uint16

// Relocation types. The numbers are the same in all series of Go that are linked.
const (
	RelocAddr            RelocType = 1  // R_ADDR: address
	RelocAddrARM64       RelocType = 3  // R_ADDRARM64: ADRP and ADD
	RelocAddrOff         RelocType = 5  // R_ADDROFF: distance from the start of the target's section
	RelocSize            RelocType = 6  // R_SIZE: size of the target
	RelocCall            RelocType = 7  // R_CALL: amd64 CALL and JMP
	RelocCallARM64       RelocType = 9  // R_CALLARM64: BL and B
	RelocCallInd         RelocType = 10 // R_CALLIND: marks a call through a pointer
	RelocConst           RelocType = 13 // R_CONST: the addend
	RelocPCRel           RelocType = 14 // R_PCREL: distance from the end of the field
	RelocTLSLE           RelocType = 15 // R_TLS_LE: offset from the thread pointer
	RelocTLSIE           RelocType = 16 // R_TLS_IE: place with the offset from the thread pointer
	RelocUseType         RelocType = 22 // R_USETYPE to R_USENAMEDMETHOD: marks that change no byte
	RelocUseIface        RelocType = 23
	RelocUseIfaceMethod  RelocType = 24
	RelocUseNamedMethod  RelocType = 25
	RelocMethodOff       RelocType = 26 // R_METHODOFF: as R_ADDROFF, of a method
	RelocKeep            RelocType = 27 // R_KEEP: marks what must be in the program, too
	RelocARM64TLSLE      RelocType = 32 // R_ARM64_TLS_LE: MOVZ
	RelocARM64TLSIE      RelocType = 33 // R_ARM64_TLS_IE: ADRP and load
	RelocARM64PCRelLDST8 RelocType = 37 // R_ARM64_PCREL_LDST8, 16, 32, 64: ADRP and a load or store
	RelocRISCVJAL        RelocType = 59 // R_RISCV_JAL
	RelocRISCVJALTramp   RelocType = 60 // R_RISCV_JAL_TRAMP: R_RISCV_JAL to a jump that the linker made
	RelocRISCVCall       RelocType = 61 // R_RISCV_CALL: AUIPC and JALR
	RelocRISCVPCRelIType RelocType = 62 // R_RISCV_PCREL_ITYPE: AUIPC and ADDI or load
	RelocRISCVPCRelSType RelocType = 63 // R_RISCV_PCREL_STYPE: AUIPC and store
	RelocRISCVTLSIE      RelocType = 64 // R_RISCV_TLS_IE: AUIPC and load
	RelocRISCVTLSLE      RelocType = 65 // R_RISCV_TLS_LE: LUI and ADDIW
	MaxReloc             RelocType = 127
)

const (
	magic        = "\x00go120ld"
	headerSize   = len(magic) + 8 + 4 + 4*numBlocks // magic, fingerprint, flags, block offsets
	symSize      = 8 + 2 + 1 + 1 + 1 + 4 + 4
	RawRelocSize = 4 + 1 + 2 + 8 + 8
	refSize      = 8 + 8 // reference and name
	staticABI    = 0xffff

	flagShared = 1
)

// Blocks of the file, in order.
const (
	blkAutolib = iota
	blkPkgIdx
	blkFile
	blkSymDef
	blkHashed64Def
	blkHashedDef
	blkNonPkgDef
	blkNonPkgRef
	blkRefFlags
	blkHash64
	blkHash
	blkRelocIdx
	blkAuxIdx
	blkDataIdx
	blkReloc
	blkAux
	blkData
	blkRefName
	blkEnd
	numBlocks
)

// Package indices of a symbol reference with a special meaning.
const (
	pkgNone = 1<<31 - 1 - iota
	pkgHashed64
	pkgHashed
	pkgBuiltin
	pkgSelf
)

// A FormatError says where an object departs from the format.
type FormatError struct {
	File string
	Off  int64 // file offset
	Msg  string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: offset %#x: %s", e.File, e.Off, e.Msg)
}

// parser holds the object part of a file (offsets in it count from the magic).
type parser struct {
	name string
	base int64 // file offset of obj
	obj  []byte
	text string // obj again: names are parts of it, which many symbols may share
	blk  [numBlocks]uint32
}

func (p *parser) errorf(off uint32, format string, args ...any) error {
	return &FormatError{p.name, p.base + int64(off), fmt.Sprintf(format, args...)}
}

// Parse reads the object b; name is for messages. An archive (.a) is refused.
func Parse(name string, b []byte) (*File, error) {
	h, rest, err := ParseHeader(b)
	if err != nil {
		return nil, &FormatError{name, 0, err.Error()}
	}
	// The text part ends with a line that holds only "!".
	_, obj, ok := bytes.Cut(append([]byte("\n"), rest[:min(len(rest), maxHeaderLine)]...), []byte("\n!\n"))
	if !ok {
		return nil, &FormatError{name, int64(len(b) - len(rest)), `no line "!" after the header`}
	}
	skip := min(len(rest), maxHeaderLine) - len(obj)
	p := &parser{name: name, obj: rest[skip:], base: int64(len(b) - len(rest) + skip)}
	if len(p.obj) < headerSize || string(p.obj[:len(magic)]) != magic {
		return nil, p.errorf(0, "found %q, want the object file magic %q and a header of %d bytes", p.obj[:min(len(p.obj), len(magic))], magic, headerSize)
	}
	p.text = string(p.obj)
	flags := p.u32(uint32(len(magic) + 8))
	prev := uint32(headerSize)
	for i := range p.blk {
		off := uint32(headerSize - 4*numBlocks + 4*i)
		p.blk[i] = p.u32(off)
		if p.blk[i] < prev || int64(p.blk[i]) > int64(len(p.obj)) {
			return nil, p.errorf(off, "block %d begins at %#x, want %#x to %#x", i, p.blk[i], prev, len(p.obj))
		}
		prev = p.blk[i]
	}
	f := &File{Header: h, Shared: flags&flagShared != 0}
	if err := p.symbols(f); err != nil {
		return nil, err
	}
	return f, nil
}

// u16, u32 and u64 read at an offset that was checked before.
func (p *parser) u16(off uint32) uint16 { return binary.LittleEndian.Uint16(p.obj[off:]) }
func (p *parser) u32(off uint32) uint32 { return binary.LittleEndian.Uint32(p.obj[off:]) }
func (p *parser) u64(off uint32) uint64 { return binary.LittleEndian.Uint64(p.obj[off:]) }

// count returns how many elements of size bytes block b holds.
func (p *parser) count(b int, size uint32) (int, error) {
	n := p.blk[b+1] - p.blk[b]
	if n%size != 0 {
		return 0, p.errorf(p.blk[b], "block %d has %d bytes, want a multiple of %d", b, n, size)
	}
	return int(n / size), nil
}

// maxName bounds the name of a symbol in bytes.
const maxName = 64 << 10

// str returns the string whose length and offset are at off.
func (p *parser) str(off uint32) (string, error) {
	n, at := uint64(p.u32(off)), uint64(p.u32(off+4))
	if at+n > uint64(len(p.obj)) {
		return "", p.errorf(off, "string at %#x with length %#x, want it inside %#x bytes", at, n, len(p.obj))
	}
	if n > maxName {
		return "", p.errorf(off, "string at %#x with length %#x, want at most %#x", at, n, maxName)
	}
	return p.text[at : at+n], nil
}

// symbols fills f.Symbols.
func (p *parser) symbols(f *File) error {
	var first [blkNonPkgRef + 2]int // index of the first symbol of each definition block
	for b := blkSymDef; b <= blkNonPkgRef; b++ {
		n, err := p.count(b, symSize)
		if err != nil {
			return err
		}
		first[b+1] = first[b] + n
	}
	defs := first[blkNonPkgRef]
	names, err := p.refNames()
	if err != nil {
		return err
	}
	for i := range first[blkNonPkgRef+1] {
		off := p.blk[blkSymDef] + uint32(i)*symSize
		name, err := p.str(off)
		if err != nil {
			return err
		}
		if i >= defs {
			names[ref{pkgNone, uint32(i - first[blkNonPkgDef])}] = name
			continue
		}
		f.Symbols = append(f.Symbols, Symbol{
			Name: name, Static: p.u16(off+8) == staticABI, Kind: Kind(p.obj[off+10]), Size: p.u32(off + 13), Align: p.u32(off + 17),
		})
	}
	relocs, err := p.index(blkRelocIdx, defs, blkReloc, RawRelocSize)
	if err != nil {
		return err
	}
	data, err := p.index(blkDataIdx, defs, blkData, 1)
	if err != nil {
		return err
	}
	for i := range f.Symbols {
		s := &f.Symbols[i]
		s.Data = p.obj[p.blk[blkData]+data[i] : p.blk[blkData]+data[i+1]]
		if !s.Kind.IsDWARF() && uint64(len(s.Data)) > uint64(s.Size) { // the compiler counts no bytes of some DWARF symbols
			return p.errorf(p.blk[blkSymDef]+uint32(i)*symSize, "symbol %s: %d bytes of data in a size of %d", s.Name, len(s.Data), s.Size)
		}
		for r := relocs[i]; r < relocs[i+1]; r++ {
			off := p.blk[blkReloc] + r*RawRelocSize
			rel := Reloc{Off: int32(p.u32(off)), Size: p.obj[off+4], Type: RelocType(p.u16(off + 5)), Add: int64(p.u64(off + 7))}
			if rel.Off < 0 || int64(rel.Off)+int64(rel.Size) > int64(len(s.Data)) {
				return p.errorf(off, "symbol %s: relocation of %d bytes at %d, want it inside %d bytes", s.Name, rel.Size, rel.Off, len(s.Data))
			}
			if rel.Target, err = p.target(off+15, f.Symbols, first[:], names); err != nil {
				return err
			}
			s.Relocs = append(s.Relocs, rel)
		}
	}
	return nil
}

// index reads the n+1 positions in block idx, which divide the elements of block b
// among n symbols.
func (p *parser) index(idx, n, b int, size uint32) ([]uint32, error) {
	got, err := p.count(idx, 4)
	if err != nil {
		return nil, err
	}
	limit, err := p.count(b, size)
	if err != nil {
		return nil, err
	}
	if got != n+1 {
		return nil, p.errorf(p.blk[idx], "index block %d has %d entries, want %d, one more than symbols", idx, got, n+1)
	}
	out := make([]uint32, got)
	for i := range out {
		out[i] = p.u32(p.blk[idx] + uint32(4*i))
	}
	if !slices.IsSorted(out) || int64(out[n]) > int64(limit) {
		return nil, p.errorf(p.blk[idx], "index block %d is not ascending up to %d", idx, limit)
	}
	return out, nil
}

// A ref is a symbol reference as the file holds it.
type ref struct{ pkg, sym uint32 }

// refNames reads the names of referenced symbols of other packages.
func (p *parser) refNames() (map[ref]string, error) {
	n, err := p.count(blkRefName, refSize)
	if err != nil {
		return nil, err
	}
	names := make(map[ref]string, n)
	for i := range n {
		off := p.blk[blkRefName] + uint32(i)*refSize
		s, err := p.str(off + 8)
		if err != nil {
			return nil, err
		}
		names[ref{p.u32(off), p.u32(off + 4)}] = s
	}
	return names, nil
}

// definitions are the blocks in which symbols of the file are defined, by package index.
var definitions = map[uint32]int{pkgSelf: blkSymDef, pkgHashed64: blkHashed64Def, pkgHashed: blkHashedDef, pkgNone: blkNonPkgDef}

// target resolves the symbol reference at off.
func (p *parser) target(off uint32, syms []Symbol, first []int, names map[ref]string) (Target, error) {
	r := ref{p.u32(off), p.u32(off + 4)}
	if r == (ref{}) {
		return Target{Index: -1}, nil
	}
	if b, ok := definitions[r.pkg]; ok {
		if i := uint64(first[b]) + uint64(r.sym); i < uint64(first[b+1]) {
			return Target{Index: int(i), Name: syms[i].Name}, nil
		}
	}
	if r.pkg == pkgBuiltin { // a function of the runtime that the compiler knows by number
		return Target{Index: -1, Name: fmt.Sprintf("runtime builtin %d", r.sym)}, nil
	}
	if name, ok := names[r]; ok && name != "" {
		return Target{Index: -1, Name: name}, nil
	}
	return Target{}, p.errorf(off, "reference to symbol %d of package index %#x, which the file does not name", r.sym, r.pkg)
}
