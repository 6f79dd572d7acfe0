package goobj

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"unsafe"
)

// An Object is a view of the object file of a package: nothing is copied, so that a linker touches only the pages of a mapped
// archive that it needs. OpenObject checks all tables that say where something is; what the methods return is inside the file.
// References between symbols are not checked.
//
// Strings and slices share the memory of the file.
type Object struct {
	Header
	Name        string     // for messages
	Line        string     // the header line, without its newline
	Main        bool       // the text part says "main": it is package main
	Directives  [][]string // //go:cgo_* directives, split into words
	Flags       ObjectFlags
	Fingerprint [8]byte // of the export data; zero in assembler objects

	b     []byte // from the magic on
	base  int64  // file offset of b
	blk   [numBlocks]uint32
	first [numSymBlocks + 1]uint32 // index of the first symbol of each block of symbols
}

// ObjectFlags are the flags in the header of an object.
type ObjectFlags uint32

// Flags of an object.
const (
	FlagShared     ObjectFlags = 1  // compiled with -shared
	FlagAssembly   ObjectFlags = 4  // written by the assembler
	FlagUnlinkable ObjectFlags = 8  // compiled without -p
	FlagStd        ObjectFlags = 16 // part of the standard library
)

// A SymBlock is one of the five lists of symbols in an object. Their symbols are numbered through, in this order.
type SymBlock int

// Lists of symbols.
const (
	PkgDefs      SymBlock = iota // definitions that other packages refer to by package and number
	Hashed64Defs                 // content-addressed ones of at most 8 bytes, by the content itself
	HashedDefs                   // content-addressed ones, by a hash
	NonPkgDefs                   // definitions that are found by name
	NonPkgRefs                   // references by name
	numSymBlocks
)

// Symbol flags, Flag and, from SymUsedInIface on, Flag2 of the file.
type SymFlags uint16

// Flags of a symbol. Those of Flag2 after SymPkgInit differ by series: see goabi.
const (
	SymDupOK         SymFlags = 1 << 0
	SymTypelink      SymFlags = 1 << 2
	SymLeaf          SymFlags = 1 << 3
	SymNoSplit       SymFlags = 1 << 4
	SymReflectMethod SymFlags = 1 << 5
	SymGoType        SymFlags = 1 << 6
	SymUsedInIface   SymFlags = 1 << 8
	SymItab          SymFlags = 1 << 9
	SymPkgInit       SymFlags = 1 << 11
	SymLinkname      SymFlags = 1 << 12
)

// Types of auxiliary symbols.
const (
	AuxGoType   = 0
	AuxFuncInfo = 1
	AuxFuncData = 2
	AuxPCSP     = 7
	AuxPCFile   = 8
	AuxPCLine   = 9
	AuxPCInline = 10
	AuxPCData   = 11
)

const (
	auxSize    = 1 + 8
	refFlags   = 8 + 1 + 1
	importSize = 8 + 8
	maxText    = 1 << 30
)

// Sizes in bytes of what identifies content-addressed symbols.
const (
	Hash64Size = 8
	HashSize   = 16
)

// A Ref is a reference to a symbol. Package indices other than those below count the packages of [Object.Packages]; index 0 with symbol 0
// is no symbol.
type Ref struct{ Pkg, Sym uint32 }

// Package indices with a meaning of their own.
const (
	RefNone     = pkgNone     // symbols NonPkgDefs and NonPkgRefs of the object
	RefHashed64 = pkgHashed64 // symbols Hashed64Defs
	RefHashed   = pkgHashed   // symbols HashedDefs
	RefBuiltin  = pkgBuiltin  // functions and types of the runtime, by their number in a list
	RefSelf     = pkgSelf     // symbols PkgDefs
)

// A RawReloc is a relocation as the file has it. Programs have millions: who wants to know one thing decodes no other.
type RawReloc [RawRelocSize]byte

func (r *RawReloc) Off() int32      { return int32(binary.LittleEndian.Uint32(r[:])) }
func (r *RawReloc) Size() uint8     { return r[4] }
func (r *RawReloc) Type() RelocType { return RelocType(binary.LittleEndian.Uint16(r[5:])) } // with WeakReloc
func (r *RawReloc) Add() int64      { return int64(binary.LittleEndian.Uint64(r[7:])) }
func (r *RawReloc) Ref() Ref {
	return Ref{binary.LittleEndian.Uint32(r[15:]), binary.LittleEndian.Uint32(r[19:])}
}

// WeakReloc is a bit of RelocType: the relocation does not make its target reachable.
const WeakReloc RelocType = 1 << 15

// IsObject reports whether b begins as a Go object does.
func IsObject(b []byte) bool { return bytes.HasPrefix(b, []byte(headerPrefix)) }

// OpenObject checks the object b, which is at file offset base of the file name.
func OpenObject(name string, b []byte, base int64) (*Object, error) {
	o, err := openText(name, b, base)
	if err != nil {
		return nil, err
	}
	if err := o.checkTables(); err != nil {
		return nil, err
	}
	return o, nil
}

// openText checks what comes before the tables of the object b.
func openText(name string, b []byte, base int64) (*Object, error) {
	h, rest, err := ParseHeader(b)
	if err != nil {
		return nil, &FormatError{name, base, err.Error()}
	}
	o := &Object{Header: h, Name: name, Line: string(b[:len(b)-len(rest)-1])}
	end, ok := textEnd(rest)
	if !ok {
		return nil, &FormatError{name, base + int64(len(b)-len(rest)), `no line "!" after the export data: the object is cut off`}
	}
	if err := o.scanText(rest[:end]); err != nil {
		return nil, &FormatError{name, base + int64(len(b)-len(rest)), err.Error()}
	}
	o.b, o.base = rest[end:], base+int64(len(b)-len(rest)+end)
	if len(o.b) < headerSize || string(o.b[:len(magic)]) != magic {
		return nil, o.errorf(0, "found %q, want the object file magic %q and a header of %d bytes",
			o.b[:min(len(o.b), len(magic))], magic, headerSize)
	}
	copy(o.Fingerprint[:], o.b[len(magic):])
	o.Flags = ObjectFlags(o.u32(uint32(len(magic) + 8)))
	return o, nil
}

// textEnd returns the length of the text part, which ends with the first line "!" that is not in the export data: those are
// between two lines that begin with "$$", and may have such bytes themselves.
func textEnd(text []byte) (int, bool) {
	inside := false
	for pos := 0; pos < min(len(text), maxText); {
		line := text[pos:]
		n := bytes.IndexByte(line, '\n')
		if n < 0 {
			return 0, false
		}
		if !inside && string(line[:n]) == "!" {
			return pos + n + 1, true
		}
		if bytes.HasPrefix(line, []byte("$$")) {
			inside = !inside
		}
		pos += n + 1
	}
	return 0, false
}

// scanText reads the text part.
func (o *Object) scanText(text []byte) error {
	if i := bytes.Index(text, []byte(cgoStart[1:])); i == 0 || i > 0 && text[i-1] == '\n' {
		section, _, _ := bytes.Cut(text[i+len(cgoStart)-1:], []byte(cgoEnd))
		if err := json.Unmarshal(section, &o.Directives); err != nil {
			return fmt.Errorf("cgo directives: %v", err)
		}
	}
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		if len(line) == 0 {
			break
		}
		o.Main = o.Main || string(line) == "main"
		text = rest
	}
	return nil
}

func (o *Object) errorf(off uint32, format string, args ...any) error {
	return &FormatError{o.Name, o.base + int64(off), fmt.Sprintf(format, args...)}
}

// blockSizes are the sizes of the elements of the blocks that are arrays.
var blockSizes = [numBlocks]uint32{
	blkAutolib: importSize, blkPkgIdx: 8, blkFile: 8,
	blkSymDef: symSize, blkHashed64Def: symSize, blkHashedDef: symSize, blkNonPkgDef: symSize, blkNonPkgRef: symSize, blkRefFlags: refFlags,
	blkHash64: Hash64Size, blkHash: HashSize, blkRelocIdx: 4, blkAuxIdx: 4, blkDataIdx: 4,
	blkReloc: RawRelocSize, blkAux: auxSize, blkData: 1, blkRefName: refSize,
}

// readBlock reads where block i begins, which is at prev or after it.
func (o *Object) readBlock(i int, prev uint32) error {
	off := uint32(headerSize - 4*numBlocks + 4*i)
	o.blk[i] = o.u32(off)
	if o.blk[i] < prev || int64(o.blk[i]) > int64(len(o.b)) {
		return o.errorf(off, "block %d begins at %#x, want %#x to %#x", i, o.blk[i], prev, len(o.b))
	}
	return nil
}

// checkTables checks block offsets and index blocks.
func (o *Object) checkTables() error {
	prev := uint32(headerSize)
	for i := range o.blk {
		if err := o.readBlock(i, prev); err != nil {
			return err
		}
		prev = o.blk[i]
	}
	for b, size := range blockSizes {
		if size > 1 && (o.blk[b+1]-o.blk[b])%size != 0 {
			return o.errorf(o.blk[b], "block %d has %d bytes, want a multiple of %d", b, o.blk[b+1]-o.blk[b], size)
		}
	}
	for b := range numSymBlocks {
		o.first[b+1] = o.first[b] + o.count(blkSymDef+int(b))
	}
	for _, h := range []struct {
		block int
		syms  SymBlock
	}{{blkHash64, Hashed64Defs}, {blkHash, HashedDefs}} {
		if got, want := o.count(h.block), uint32(o.Count(h.syms)); got != want {
			return o.errorf(o.blk[h.block], "block %d has %d hashes for %d symbols", h.block, got, want)
		}
	}
	defs := o.first[NonPkgRefs]
	for _, x := range []struct{ idx, of int }{{blkRelocIdx, blkReloc}, {blkAuxIdx, blkAux}, {blkDataIdx, blkData}} {
		limit := o.count(x.of)
		if got := o.count(x.idx); got != defs+1 {
			return o.errorf(o.blk[x.idx], "index block %d has %d entries, want %d, one more than symbols", x.idx, got, defs+1)
		}
		prev := uint32(0)
		for list := o.b[o.blk[x.idx]:o.blk[x.idx+1]]; len(list) >= 4; list = list[4:] {
			v := binary.LittleEndian.Uint32(list)
			if v < prev || v > limit {
				return o.errorf(o.blk[x.idx+1]-uint32(len(list)), "index block %d has %d, want %d to %d", x.idx, v, prev, limit)
			}
			prev = v
		}
	}
	return nil
}

func (o *Object) u16(off uint32) uint16 { return binary.LittleEndian.Uint16(o.b[off:]) }
func (o *Object) u32(off uint32) uint32 { return binary.LittleEndian.Uint32(o.b[off:]) }
func (o *Object) u64(off uint32) uint64 { return binary.LittleEndian.Uint64(o.b[off:]) }

func (o *Object) count(b int) uint32 { return (o.blk[b+1] - o.blk[b]) / blockSizes[b] }

// str returns the string of n bytes at offset at, "" for one that is not in the file.
func (o *Object) str(n, at uint32) string {
	if n == 0 || uint64(at)+uint64(n) > uint64(len(o.b)) {
		return ""
	}
	return unsafe.String(&o.b[at], int(n))
}

// strAt returns the string with length and offset at off. The error says that it is not in the file.
func (o *Object) strAt(off uint32) (string, error) {
	n, at := o.u32(off), o.u32(off+4)
	if uint64(at)+uint64(n) > uint64(len(o.b)) {
		return "", o.errorf(off, "string at %#x with length %#x, want it inside %#x bytes", at, n, len(o.b))
	}
	return o.str(n, at), nil
}

// strings returns the strings at the start of each element of block b, which may have limit bytes in all: the strings of a file
// may overlap.
func (o *Object) strings(b int, limit int) ([]string, error) {
	out := make([]string, o.count(b))
	for i := range out {
		off := o.blk[b] + uint32(i)*blockSizes[b]
		s, err := o.strAt(off)
		if err != nil {
			return nil, err
		}
		if limit -= len(s); limit < 0 {
			return nil, o.errorf(off, "strings of block %d overlap: up to this one they have more bytes than the object", b)
		}
		out[i] = s
	}
	return out, nil
}

// An Import is a package that an object was compiled against.
type Import struct {
	Path        string
	Fingerprint [8]byte // of its export data
}

// Imports returns what the object imports, in order.
func (o *Object) Imports() ([]Import, error) {
	paths, err := o.strings(blkAutolib, len(o.b))
	if err != nil {
		return nil, err
	}
	out := make([]Import, len(paths))
	for i, p := range paths {
		out[i].Path = p
		copy(out[i].Fingerprint[:], o.b[o.blk[blkAutolib]+uint32(i)*importSize+8:])
	}
	return out, nil
}

// Packages returns the packages that references count, with index 0 unused.
func (o *Object) Packages() ([]string, error) { return o.strings(blkPkgIdx, len(o.b)) }

// Files returns the source files that functions refer to by number.
func (o *Object) Files() ([]string, error) { return o.strings(blkFile, len(o.b)) }

// Count returns how many symbols block b has, Defs how many the object defines, and First the number of the first one of b.
func (o *Object) Count(b SymBlock) int    { return int(o.first[b+1] - o.first[b]) }
func (o *Object) Defs() int               { return int(o.first[NonPkgRefs]) }
func (o *Object) First(b SymBlock) uint32 { return o.first[b] }
func (o *Object) All() int                { return int(o.first[numSymBlocks]) }

// sym is the offset of symbol i.
func (o *Object) sym(i uint32) uint32 { return o.blk[blkSymDef] + i*symSize }

// SymName returns the name of symbol i, "" where it has none.
func (o *Object) SymName(i uint32) string {
	e := o.b[o.sym(i):]
	return o.str(binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:]))
}

// A SymEntry is what an object says of a symbol; sizes are in bytes.
type SymEntry struct {
	Kind  Kind
	Flags SymFlags
	Size  uint32
	Align uint32
}

// Sym returns what the object says of symbol i.
func (o *Object) Sym(i uint32) SymEntry {
	e := o.b[o.sym(i):][:symSize]
	return SymEntry{
		Kind(e[10]), SymFlags(e[11]) | SymFlags(e[12])<<8, binary.LittleEndian.Uint32(e[13:]), binary.LittleEndian.Uint32(e[17:]),
	}
}

// SymABI returns the ABI of symbol i, StaticABI for one that nothing outside of the object refers to.
func (o *Object) SymABI(i uint32) uint16 { return o.u16(o.sym(i) + 8) }

// StaticABI is the ABI of symbols of one object.
const StaticABI = staticABI

// SymKind and SymFlags return parts of Sym.
func (o *Object) SymKind(i uint32) Kind { return Kind(o.b[o.sym(i)+10]) }
func (o *Object) SymFlags(i uint32) SymFlags {
	e := o.sym(i) + 11
	return SymFlags(o.b[e]) | SymFlags(o.b[e+1])<<8
}

// Hash64s returns the contents of the symbols of Hashed64Defs, Hash64Size bytes each.
func (o *Object) Hash64s() []byte { return o.b[o.blk[blkHash64]:o.blk[blkHash64+1]] }

// Hashes returns the hashes of the symbols of HashedDefs, HashSize bytes each.
func (o *Object) Hashes() []byte { return o.b[o.blk[blkHash]:o.blk[blkHash+1]] }

// Data returns the bytes of symbol i, which may have more zeros after them.
func (o *Object) Data(i uint32) []byte {
	idx := o.blk[blkDataIdx] + 4*i
	from, to := o.blk[blkData]+o.u32(idx), o.blk[blkData]+o.u32(idx+4)
	return o.b[from:to:to]
}

// DataSize returns the length of Data(i).
func (o *Object) DataSize(i uint32) uint32 {
	idx := o.blk[blkDataIdx] + 4*i
	return o.u32(idx+4) - o.u32(idx)
}

// Relocs returns the numbers of the relocations of symbol i: from up to to.
func (o *Object) Relocs(i uint32) (from, to uint32) {
	idx := o.blk[blkRelocIdx] + 4*i
	return o.u32(idx), o.u32(idx + 4)
}

// Reloc returns relocation n.
func (o *Object) Reloc(n uint32) *RawReloc { return (*RawReloc)(o.b[o.blk[blkReloc]+n*RawRelocSize:]) }

// RelocData returns the relocations of symbol i as they are in the file, RawRelocSize bytes each.
func (o *Object) RelocData(i uint32) []byte {
	from, to := o.Relocs(i)
	return o.b[o.blk[blkReloc]+from*RawRelocSize : o.blk[blkReloc]+to*RawRelocSize]
}

// Refers reports whether symbol i has relocations or auxiliary symbols.
func (o *Object) Refers(i uint32) bool {
	from, to := o.Relocs(i)
	firstAux, endAux := o.Auxs(i)
	return from < to || firstAux < endAux
}

// IsNamed reports whether symbol i has a name.
func (o *Object) IsNamed(i uint32) bool { return o.u32(o.sym(i)) != 0 }

// Auxs returns the numbers of the auxiliary symbols of symbol i: from up to to.
func (o *Object) Auxs(i uint32) (from, to uint32) {
	idx := o.blk[blkAuxIdx] + 4*i
	return o.u32(idx), o.u32(idx + 4)
}

// Aux returns auxiliary symbol n.
func (o *Object) Aux(n uint32) (typ uint8, r Ref) {
	e := o.b[o.blk[blkAux]+n*auxSize:][:auxSize]
	return e[0], Ref{binary.LittleEndian.Uint32(e[1:]), binary.LittleEndian.Uint32(e[5:])}
}

// Touch reads where the bytes and relocations of symbol i are, and TouchContents the first of each. What they return is of no use. Who is
// to look at many symbols calls them for all of them first: the processor waits for these reads together, not one by one.
func (o *Object) Touch(i uint32) uint32 {
	return o.u32(o.blk[blkDataIdx]+4*i) + o.u32(o.blk[blkRelocIdx]+4*i)
}

// TouchContents is described there.
func (o *Object) TouchContents(i uint32) uint32 {
	var x uint32
	if data := o.Data(i); len(data) > 0 {
		x = uint32(data[0])
	}
	if from, to := o.Relocs(i); from < to {
		x += uint32(o.b[o.blk[blkReloc]+from*RawRelocSize])
	}
	return x
}

// RefFlags calls f for the references with flags of their own.
func (o *Object) RefFlags(f func(Ref, SymFlags)) {
	for i := range o.count(blkRefFlags) {
		e := o.b[o.blk[blkRefFlags]+i*refFlags:][:refFlags]
		f(Ref{binary.LittleEndian.Uint32(e), binary.LittleEndian.Uint32(e[4:])}, SymFlags(e[8])|SymFlags(e[9])<<8)
	}
}
