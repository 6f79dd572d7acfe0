package golink

import (
	"encoding/binary"
	"unsafe"
)

// Layout of a type descriptor (internal/abi, Type).
const (
	typeSize     = 48 // bytes before what the kind adds
	typePtrBytes = 8
	typeTFlag    = 20
	typeKind     = 23
	typeGCData   = 32
	typeStr      = 40

	tflagUncommon       = 1 << 0
	tflagExtraStar      = 1 << 1
	tflagGCMaskOnDemand = 1 << 4

	uncommonSize    = 16
	structFieldSize = 24
	methodSize      = 16
)

// Kinds of types (internal/abi, Kind).
const (
	kindArray     = 17
	kindChan      = 18
	kindFunc      = 19
	kindInterface = 20
	kindMap       = 21
	kindPointer   = 22
	kindSlice     = 23
	kindStruct    = 25
)

// kindSizes are the bytes that a descriptor has after typeSize, by kind; mapSize and ifaceSize of a release are others.
var kindSizes = map[uint8]int{kindStruct: 32, kindPointer: 8, kindFunc: 8, kindSlice: 8, kindArray: 24, kindChan: 16}

// kindSize returns the bytes that a descriptor of kind k has after typeSize.
func (l *linker) kindSize(k uint8) int {
	switch k {
	case kindMap:
		return l.release.mapSize
	case kindInterface:
		return l.release.ifaceSize
	}
	return kindSizes[k]
}

// A typeDesc is a type descriptor.
type typeDesc struct {
	l    *linker
	sym  sym
	data []byte
	next uint32 // relocation after the last one that target found
}

// typeDesc returns the descriptor s; ok is false where it is too short to be one.
func (l *linker) typeDesc(s sym) (t typeDesc, ok bool) {
	t = typeDesc{l: l, sym: s, data: l.data(s)}
	return t, len(t.data) >= typeSize
}

func (t typeDesc) kind() uint8      { return t.data[typeKind] & 31 }
func (t typeDesc) size() uint64     { return binary.LittleEndian.Uint64(t.data) }
func (t typeDesc) ptrBytes() uint64 { return binary.LittleEndian.Uint64(t.data[typePtrBytes:]) }
func (t typeDesc) has(flag byte) bool {
	return t.data[typeTFlag]&flag != 0
}

// target returns what the relocation at offset off refers to, 0 when there is none. Who asks in their order waits for no search: a type can
// have hundreds of methods.
func (t *typeDesc) target(off int) sym {
	d := t.l.defs[t.sym]
	if d.obj == 0 {
		for _, r := range t.l.owns[d.idx].relocs {
			if int(r.off) == off {
				return r.sym
			}
		}
		return 0
	}
	o := t.l.objs[d.obj]
	if int(d.idx) >= o.Defs() {
		return 0
	}
	from, to := o.Relocs(d.idx)
	for range to - from {
		if t.next < from || t.next >= to {
			t.next = from
		}
		n := t.next
		t.next++
		if r := o.Reloc(n); r.Off() == int32(off) {
			return t.l.resolve(o, r.Ref())
		}
	}
	return 0
}

// fields calls f for the fields of struct type t, with their types and offsets, until it returns false.
func (t *typeDesc) fields(f func(field sym, off uint64) bool) {
	at := typeSize + kindSizes[kindStruct]
	if t.has(tflagUncommon) {
		at += uncommonSize
	}
	for range min(t.word(typeSize+16), uint64(len(t.data)/structFieldSize)) {
		if !f(t.target(at+8), t.word(at+16)) {
			return
		}
		at += structFieldSize
	}
}

// word returns the 8 bytes at off, 0 beyond the end.
func (t typeDesc) word(off int) uint64 {
	if off < 0 || off+8 > len(t.data) {
		return 0
	}
	return binary.LittleEndian.Uint64(t.data[off:])
}

// nameAt returns the name that the relocation at offset off of t refers to (internal/abi, Name). It shares the memory of its symbol.
func (l *linker) nameAt(t *typeDesc, off int) string {
	s := t.target(off)
	if s == 0 {
		return ""
	}
	data := l.data(s)
	if len(data) < 2 {
		return ""
	}
	n, w := binary.Uvarint(data[1:])
	if w <= 0 || n > uint64(len(data)-1-w) {
		return ""
	}
	return unsafe.String(unsafe.SliceData(data[1+w:]), int(n))
}

// typeString returns how type t is spelled.
func (l *linker) typeString(t *typeDesc) string {
	s := l.nameAt(t, typeStr)
	if t.has(tflagExtraStar) && s != "" {
		return s[1:]
	}
	return s
}

// A methodSig is a method by its name and the descriptor of its type.
type methodSig struct {
	name string
	typ  sym
}

// methods returns the methods of type t, which has an uncommonType, in the memory of sigs; ok is false where there is no room for them.
func (l *linker) methods(t *typeDesc, sigs []methodSig) (_ []methodSig, ok bool) {
	if !t.has(tflagUncommon) {
		return nil, false
	}
	off := typeSize + l.kindSize(t.kind())
	if off+uncommonSize > len(t.data) {
		return nil, false
	}
	n := int(binary.LittleEndian.Uint16(t.data[off+4:]))
	first := uint64(off) + uint64(binary.LittleEndian.Uint32(t.data[off+8:]))
	if first+uint64(n*methodSize) > uint64(len(t.data)) {
		return nil, false
	}
	sigs = sigs[:0]
	for i := range n {
		at := int(first) + i*methodSize
		sigs = append(sigs, methodSig{l.nameAt(t, at), t.target(at + 4)})
	}
	return sigs, true
}
