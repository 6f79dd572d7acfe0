package golink

import (
	"encoding/binary"

	"github.com/go3s/rules_go3s/internal/goobj"
)

// A sym is a symbol of the program, 0 for none. Numbers matter: where everything else is equal, the symbol with the lower one
// comes first in the program.
type sym uint32

// A def is where a symbol is defined: symbol idx of an object, or of the linker's own ones where obj is 0. Where nothing defines it, and
// neither does the linker, it is the first reference to it ([goobj.Object.Defs] on).
type def struct {
	obj uint32
	idx uint32
}

// Versions of a name: a function can have one body for each ABI.
const (
	abi0        = 0 // data, and assembler functions
	abiInternal = 1 // compiled functions
	numABIs     = 2
)

// Attributes of symbols.
const (
	attrReachable uint8 = 1 << iota
	attrSpecial         // has an address, is not laid out with others of its kind
	attrGroup           // one of linker.groups
	attrLeaf            // leads to no other symbol; most are such ones
	attrUnnamed         // has no name
	attrDefers          // may call runtime.deferreturn
	attrNoSplit         // a function without a stack check
	attrFlagged         // reach has to see its flags
)

// An own symbol is one that the linker makes or changes.
type own struct {
	name     string
	size     uint64
	data     []byte
	relocs   []reloc
	orig     def       // what it was before the linker changed it; its auxiliary symbols stay
	generate generator // of the contents, nil where data has them
}

// A reloc is a relocation with its target resolved.
type reloc struct {
	add  int64
	off  int32
	sym  sym
	typ  goobj.RelocType
	size uint8
	weak bool
}

// ownSym adds a symbol of the linker that is not found by its name.
func (l *linker) ownSym(o *own, k kind) sym {
	s := sym(len(l.defs))
	l.owns = append(l.owns, o)
	l.addSym(def{0, uint32(len(l.owns) - 1)}, k)
	return s
}

// addSym adds a symbol with one definition.
func (l *linker) addSym(d def, k kind) {
	l.defs = append(l.defs, d)
	l.kinds = append(l.kinds, k)
	l.attrs = append(l.attrs, 0)
	l.aligns = append(l.aligns, 0)
	l.sizes = append(l.sizes, 0)
	if l.values != nil {
		l.values = append(l.values, 0)
		l.sections = append(l.sections, 0)
	}
}

// lookup returns the symbol of that name, 0 when there is none.
func (l *linker) lookup(name string, abi int) sym { return l.names.find(l.names.hash(name), abi) }

// lookupOrMake returns the symbol of that name, which it makes when there is none.
func (l *linker) lookupOrMake(name string, abi int) sym {
	s, slot := l.names.slot(l.names.hash(name), abi)
	if s == 0 {
		s = l.newName(slot, name)
	}
	return s
}

// addRef adds a symbol that reference r is to and nothing defines.
func (l *linker) addRef(r def) sym {
	s := sym(len(l.defs))
	l.addSym(r, kindNone)
	l.attrs[s] = attrLeaf
	return s
}

// newName makes a symbol of that name, which slot is for.
func (l *linker) newName(slot *nameSlot, name string) sym {
	s := l.ownSym(&own{name: name}, kindNone)
	slot.set(s, false)
	l.names.added()
	return s
}

// change returns symbol s as one of the linker's own, with the contents that it had.
func (l *linker) change(s sym) *own {
	d := l.defs[s]
	if d.obj == 0 {
		return l.owns[d.idx]
	}
	c := &own{name: l.name(s), size: uint64(l.sizes[s]), orig: l.origin(s), data: l.data(s)}
	c.relocs = append(c.relocs, l.relocs(s, nil)...)
	l.attrs[s] &^= attrLeaf | attrNoSplit | attrFlagged // flags are what an object says
	l.defs[s] = def{0, uint32(len(l.owns))}
	l.owns = append(l.owns, c)
	return c
}

// define returns the reachable symbol of that name, which it makes when there is none, for changes.
func (l *linker) define(name string, k kind) (sym, *own) {
	s := l.lookupOrMake(name, abi0)
	l.attrs[s] |= attrReachable
	o := l.change(s)
	l.kinds[s] = k
	return s, o
}

// mark defines a symbol that only has an address.
func (l *linker) mark(name string, k kind, addr uint64) sym {
	s, _ := l.define(name, k)
	l.attrs[s] |= attrSpecial
	l.values[s] = addr
	return s
}

func (l *linker) name(s sym) string {
	d := l.defs[s]
	if d.obj == 0 {
		return l.owns[d.idx].name
	}
	return l.objs[d.obj].SymName(d.idx)
}

func (l *linker) size(s sym) uint64 {
	d := l.defs[s]
	if d.obj == 0 {
		return l.owns[d.idx].size
	}
	return uint64(l.sizes[s])
}

// data returns the bytes of s that the objects have; zeros follow up to its size.
func (l *linker) data(s sym) []byte {
	d := l.defs[s]
	if d.obj == 0 {
		return l.owns[d.idx].data
	}
	if o := l.objs[d.obj]; int(d.idx) < o.Defs() {
		return o.Data(d.idx)
	}
	return nil
}

// flags returns what the object that defines s says of it, nothing for symbols of the linker.
func (l *linker) flags(s sym) goobj.SymFlags {
	d := l.defs[s]
	if d.obj == 0 {
		return 0
	}
	if o := l.objs[d.obj]; int(d.idx) < o.Defs() {
		return o.SymFlags(d.idx)
	}
	return 0
}

func (l *linker) reachable(s sym) bool { return l.attrs[s]&attrReachable != 0 }

// origin returns the definition of s in an object, obj 0 for none.
func (l *linker) origin(s sym) def {
	d := l.defs[s]
	if d.obj == 0 {
		return l.owns[d.idx].orig
	}
	if int(d.idx) >= l.objs[d.obj].Defs() {
		return def{}
	}
	return d
}

// pkg returns the package that s is of, nil for one that the linker made.
func (l *linker) pkg(s sym) *library {
	if d := l.origin(s); d.obj != 0 {
		return l.objs[d.obj].lib
	}
	return nil
}

// relocs returns the relocations of s. It uses the memory of buf.
func (l *linker) relocs(s sym, buf []reloc) []reloc {
	d := l.defs[s]
	buf = buf[:0]
	if d.obj == 0 {
		return append(buf, l.owns[d.idx].relocs...)
	}
	o := l.objs[d.obj]
	if int(d.idx) >= o.Defs() {
		return buf
	}
	for b := o.RelocData(d.idx); len(b) > 0; b = b[goobj.RawRelocSize:] {
		raw := (*goobj.RawReloc)(b)
		buf = append(buf, reloc{})
		buf[len(buf)-1].set(raw, l.resolve(o, raw.Ref()))
	}
	return buf
}

// set makes r the relocation raw, which is to t.
func (r *reloc) set(raw *goobj.RawReloc, t sym) {
	r.add, r.off, r.sym, r.size = raw.Add(), raw.Off(), t, raw.Size()
	r.typ, r.weak = raw.Type()&^goobj.WeakReloc, raw.Type()&goobj.WeakReloc != 0
}

// countRelocs returns how many relocations s has.
func (l *linker) countRelocs(s sym) int {
	d := l.defs[s]
	if d.obj == 0 {
		return len(l.owns[d.idx].relocs)
	}
	o := l.objs[d.obj]
	if int(d.idx) >= o.Defs() {
		return 0
	}
	from, to := o.Relocs(d.idx)
	return int(to - from)
}

// calls calls f for the direct calls of s, in order, until it returns false.
func (l *linker) calls(s sym, f func(off int32, target sym) bool) {
	d := l.defs[s]
	if d.obj == 0 {
		for _, r := range l.owns[d.idx].relocs {
			if l.arch.isCall(r.typ) && !f(r.off, r.sym) {
				return
			}
		}
		return
	}
	o := l.objs[d.obj]
	if int(d.idx) >= o.Defs() {
		return
	}
	from, to := o.Relocs(d.idx)
	for n := from; n < to; n++ {
		if r := o.Reloc(n); l.arch.isCall(r.Type()&^goobj.WeakReloc) && !f(r.Off(), l.resolve(o, r.Ref())) {
			return
		}
	}
}

// resolve returns the symbol that object o refers to by r. A reference that the object cannot have is reported, and is to no symbol.
func (l *linker) resolve(o *object, r goobj.Ref) sym { return l.number(l.find(o, r)) }

// number returns the number that the symbol with number s before renumber has now.
func (l *linker) number(s sym) sym {
	if l.kept == nil {
		return s
	}
	return l.kept.number(s)
}

// find returns what resolve does, by its number before renumber.
func (l *linker) find(o *object, r goobj.Ref) sym {
	if s, ok := o.listed(r); ok {
		return s
	}
	if uint64(r.Pkg) < uint64(len(o.pkgs)) {
		if p := o.pkgs[r.Pkg]; r.Sym < p.n {
			return p.base + sym(r.Sym)
		}
	} else if r.Pkg == goobj.RefSelf && r.Sym < o.self {
		return o.base + sym(r.Sym)
	}
	return l.resolveOther(o, r)
}

// listed returns the symbol that o refers to by r, if r is to one of a list. Nearly half of all references are: who resolves many calls it
// before find, since the compiler inlines it.
func (o *object) listed(r goobj.Ref) (s sym, ok bool) {
	if i := r.Pkg - firstRefList; i < numRefLists && uint64(r.Sym) < uint64(len(o.refs[i])) {
		return o.refs[i][r.Sym], true
	}
	return 0, false
}

// sym returns symbol i of o.
func (o *object) sym(i uint32) sym {
	if i < o.self {
		return o.base + sym(i)
	}
	if i -= o.self; int(i) < len(o.contents) {
		return o.contents[i]
	}
	return o.named[int(i)-len(o.contents)]
}

// resolveOther resolves what is to no symbol of a package.
func (l *linker) resolveOther(o *object, r goobj.Ref) sym {
	switch {
	case r == goobj.Ref{}:
		return 0
	case r.Pkg == goobj.RefBuiltin && int(r.Sym) < len(l.builtins):
		if s := l.builtins[r.Sym]; s != 0 {
			return s
		}
		l.errorf("%s: reference to %s, which the runtime of this program does not have", o.Name, l.release.builtins[r.Sym].name)
		return 0
	}
	l.errorf("%s: reference to symbol %d of package index %#x, which there is not", o.Name, r.Sym, r.Pkg)
	return 0
}

// aux calls f for the auxiliary symbols of s.
func (l *linker) aux(s sym, f func(typ uint8, a sym)) {
	d := l.origin(s)
	if d.obj == 0 {
		return
	}
	o := l.objs[d.obj]
	from, to := o.Auxs(d.idx)
	for n := from; n < to; n++ {
		typ, r := o.Aux(n)
		f(typ, l.resolve(o, r))
	}
}

// goType returns the type descriptor of variable s, 0 for none.
func (l *linker) goType(s sym) (t sym) {
	d := l.origin(s)
	if d.obj == 0 {
		return 0
	}
	o := l.objs[d.obj]
	from, to := o.Auxs(d.idx)
	for n := from; n < to; n++ {
		if typ, r := o.Aux(n); typ == goobj.AuxGoType {
			return l.resolve(o, r)
		}
	}
	return 0
}

// Methods that build contents.

func (o *own) addUint(v uint64) {
	o.data = binary.LittleEndian.AppendUint64(o.data, v)
	o.size = uint64(len(o.data))
}

func (o *own) addBytes(b []byte) {
	o.data = append(o.data, b...)
	o.size = uint64(len(o.data))
}

func (o *own) addAddr(t sym, add int64) {
	o.relocs = append(o.relocs, reloc{off: int32(len(o.data)), size: 8, typ: goobj.RelocAddr, sym: t, add: add})
	o.addUint(0)
}
