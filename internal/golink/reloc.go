package golink

import (
	"cmp"
	"encoding/binary"
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/goobj"
)

// relocate applies the relocations of s to b, its bytes.
func (l *linker) relocate(s sym, b []byte) {
	d := l.defs[s]
	if d.obj == 0 {
		for _, r := range l.owns[d.idx].relocs {
			l.relocateOne(s, &r, b)
		}
		return
	}
	o := l.objs[d.obj]
	if int(d.idx) >= o.Defs() {
		return
	}
	var r reloc
	for list := o.RelocData(d.idx); len(list) > 0; list = list[goobj.RawRelocSize:] {
		raw := (*goobj.RawReloc)(list)
		t, ok := o.listed(raw.Ref())
		if !ok {
			t = l.find(o, raw.Ref())
		}
		r.set(raw, l.kept.number(t))
		l.relocateOne(s, &r, b)
	}
}

// relocateOne applies relocation r of s to b, its bytes.
func (l *linker) relocateOne(s sym, r *reloc, b []byte) {
	addr := l.values[s]
	if r.off < 0 || int64(r.off)+int64(r.size) > int64(len(b)) {
		l.errorf("%s: relocation of %d bytes at %d, outside of its %d bytes", l.name(s), r.size, r.off, len(b))
		return
	}
	if r.size == 0 {
		return
	}
	target := l.values[r.sym]
	placed := target != 0 // so it is defined and needed, and there is nothing to look up
	if !placed && !l.checkTarget(s, r) {
		return
	}
	var v int64
	p := b[r.off : int64(r.off)+int64(r.size)]
	switch r.typ {
	case goobj.RelocAddr:
		t := r.sym
		if r.weak && !placed && l.attrs[t]&attrReachable == 0 {
			t = l.lookup("runtime.unreachableMethod", abiInternal)
			target = l.values[t]
		}
		if l.cfg.PIE && (t == 0 || r.size != wordSize || (addr+uint64(r.off))%wordSize != 0 || !l.hasAddresses(int(l.sections[s]))) {
			l.errorf("%s: address of %s in %d bytes at %d: a position-independent program can store an address only in an aligned "+
				"64-bit word of writable data", l.name(s), l.name(t), r.size, r.off)
			return
		}
		v = int64(target) + r.add
		if r.size == 4 && int32(v) < 0 {
			l.errorf("%s: address %#x of %s does not fit 31 bits", l.name(s), v, l.name(t))
			return
		}
	case goobj.RelocCall, goobj.RelocPCRel:
		v = int64(target) + r.add - int64(addr) - int64(r.off) - int64(r.size)
		if r.size == 4 && int64(int32(v)) != v {
			l.errorf("%s: distance %#x to %s does not fit 32 bits", l.name(s), v, l.name(r.sym))
			return
		}
	case goobj.RelocMethodOff, goobj.RelocAddrOff:
		switch {
		case r.typ == goobj.RelocMethodOff && !placed && l.attrs[r.sym]&attrReachable == 0:
			v = -1 // no method: nothing calls it
		case r.weak && !placed && l.attrs[r.sym]&attrReachable == 0:
			return
		case l.sections[r.sym] == secNone:
			l.errorf("%s: offset of %s, which is in no section", l.name(s), l.name(r.sym))
			return
		default:
			v = int64(l.sectionOffset(r.sym)) + r.add
		}
	case goobj.RelocSize:
		v = int64(l.size(r.sym)) + r.add
	case goobj.RelocConst:
		v = r.add
	default:
		if err := l.relocateFields(r, b, addr); err != nil {
			l.errorf("%s: reference to %s at %d: %w", l.name(s), l.name(r.sym), r.off, err)
		}
		return
	}
	switch r.size {
	case 1:
		p[0] = byte(v)
	case 2:
		if int64(int16(v)) != v && int64(uint16(v)) != v {
			l.errorf("%s: value %#x for %s does not fit 16 bits", l.name(s), v, l.name(r.sym))
		}
		binary.LittleEndian.PutUint16(p, uint16(v))
	case 4:
		if int64(int32(v)) != v && int64(uint32(v)) != v {
			l.errorf("%s: value %#x for %s does not fit 32 bits", l.name(s), v, l.name(r.sym))
		}
		binary.LittleEndian.PutUint32(p, uint32(v))
	case 8:
		binary.LittleEndian.PutUint64(p, uint64(v))
	default:
		l.errorf("%s: relocation of %d bytes", l.name(s), r.size)
	}
}

// checkTarget reports a relocation of s to a symbol that is not defined.
func (l *linker) checkTarget(s sym, r *reloc) bool {
	if r.sym == 0 {
		return true
	}
	if k := l.kinds[r.sym]; k == kindNone {
		l.undefined(s, r.sym)
		return false
	} else if !r.weak && l.attrs[r.sym]&attrReachable == 0 && k != kindTLSBSS && r.typ != goobj.RelocMethodOff {
		l.errorf("%s: refers to %s, which was not found to be needed", l.name(s), l.name(r.sym))
		return false
	}
	return true
}

// relocateFields applies a relocation of the machine's own to b, which is at addr.
func (l *linker) relocateFields(r *reloc, b []byte, addr uint64) error {
	if r.typ == goobj.RelocRISCVJALTramp {
		l.shortenCall(r, addr+uint64(r.off))
	}
	if r.typ > goobj.MaxReloc || l.arch.fields[r.typ] == nil {
		return fmt.Errorf("relocation type %d: not known for %s", r.typ, l.arch.GOARCH)
	}
	var highP, highT uint64 // of the field that a Low one completes
	var highTLS bool
	for _, f := range l.arch.fields[r.typ] {
		from := uint64(r.off) + f.Off
		if from < f.Back || from+f.Size > uint64(len(b)) {
			return fmt.Errorf("relocation type %d: outside of %d bytes", r.typ, len(b))
		}
		p, t, apply := addr+from, l.values[r.sym]+uint64(r.add+f.Add), f.Apply
		switch f.Class {
		case arch.TLS, arch.TLSHigh:
			t += uint64(l.arch.TLSOffset(cmp.Or(l.sect[secTBSS].size, wordSize), wordSize))
		case arch.Low:
			p, t = highP, highT
			if highTLS {
				apply = f.ApplyTLS
			}
		}
		highP, highT, highTLS = p, t, f.Class == arch.TLSHigh
		if err := apply(b[from-f.Back:from+f.Size], p, t); err != nil {
			return err
		}
	}
	return nil
}

// undefined reports that s refers to t, which nothing defines.
func (l *linker) undefined(s, t sym) {
	name := l.name(t)
	if name == "main.main" {
		l.errorf("function main is undeclared in the main package")
		return
	}
	other := ""
	for abi := range numABIs {
		if o := l.lookup(name, abi); o != 0 && o != t && l.kinds[o] != kindNone {
			other = fmt.Sprintf(" for %s; there is one for %s", abiNames[1-abi], abiNames[abi])
		}
	}
	l.errorf("%s%s refers to %s, which no package defines%s", l.name(s), l.chain(l.pkg(s)), name, other)
}

// abiNames are what the assembler calls the versions of a name.
var abiNames = [numABIs]string{"ABI0", "ABIInternal"}

// chain says, for messages, which package lib is and who imports it first; "" for nil.
func (l *linker) chain(lib *library) string {
	if lib == nil {
		return ""
	}
	const most = 20 // packages to name
	text := " (package " + lib.path
	for range most {
		next := l.byPath[lib.from]
		if next == nil || next == lib {
			break
		}
		text += ", imported by " + next.path
		lib = next
	}
	return text + ")"
}
