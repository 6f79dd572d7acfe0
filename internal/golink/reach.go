package golink

import (
	"math/bits"
	"slices"
	"strings"
	"unicode"

	"github.com/go3s/rules_go3s/internal/goobj"
)

// # What the program needs
//
// Everything that the entry point, the records of initialization and the linker's own references lead to, by relocations and
// auxiliary symbols. Methods are the exception: the descriptor of a type refers to all of them, by R_METHODOFF, and that alone
// does not make them needed. A method is needed when its type is converted to an interface (R_USEIFACE, or a type that
// reflection gets from such a one), and
//
//   - an interface with a method of that name and type is called somewhere (R_USEIFACEMETHOD), or
//   - generic code calls a method of that name (R_USENAMEDMETHOD), or
//   - it is exported, and some function finds methods by a name that the compiler does not know (the flag ReflectMethod).
//
// Debugging information is left out: it refers to what is needed anyway, and to more of itself.
//
// That set does not depend on the order in which it is found: each rule only ever adds to it. So all processors look for it at once
// (reachwork.go).

// A methodRef is a method of a type that is used as an interface.
type methodRef struct {
	sig    methodSig
	relocs [3]sym // its type, and its two entries
}

// A reacher is the state of the search.
type reacher struct {
	*linker
	needed, seen bitSet // the latter was looked at
	varTypes     bitSet // types of variables with pointers
	workers      []*reachWorker
	methods      [][]methodRef // by type

	called    map[methodSig]bool
	named     map[string]bool
	reflected bool
	pkgInits  []sym

	deferReturn sym
}

// reach marks what the program needs.
func (l *linker) reach() {
	n := len(l.defs)
	r := &reacher{
		linker: l, needed: newBitSet(&l.pool, n), seen: newBitSet(&l.pool, n), varTypes: newBitSet(&l.pool, n),
		called: map[methodSig]bool{}, named: map[string]bool{},
		deferReturn: l.lookup("runtime.deferreturn", abiInternal),
	}
	if len(l.ifaces) < len(r.needed) { // for symbols that were made since
		l.ifaces = append(l.ifaces, make(bitSet, len(r.needed)-len(l.ifaces))...)
	}
	r.makeWorkers()
	entry := l.arch.entry
	if l.object {
		entry = "main"
	}
	w := r.workers[0]
	for _, name := range []string{entry, "runtime.unreachableMethod"} {
		for abi := range numABIs {
			w.mark(l.lookup(name, abi))
		}
	}
	w.mark(l.mainTasks)
	for w.found {
		r.flood()
		types := r.methods[:0]
		for _, methods := range r.methods {
			if rest := slices.DeleteFunc(methods, r.markMethod); len(rest) > 0 {
				types = append(types, rest)
			}
		}
		r.methods = types
	}
	for i, w := range r.needed {
		for ; w != 0; w &= w - 1 {
			if s := 32*i + bits.TrailingZeros32(w); l.kinds[s] != kindUnloaded {
				l.attrs[s] |= attrReachable
			}
		}
	}
	l.needed, l.varTypes = r.needed, r.varTypes
	giveBack(&l.pool, r.seen)
	slices.Sort(l.linked)
	l.linked = slices.Compact(l.linked) // some were looked at twice
	r.dropMapInits()
}

// markMethod marks m if it is needed, and reports whether it is.
func (r *reacher) markMethod(m methodRef) bool {
	if !(r.reflected && isExported(m.sig.name) || r.called[m.sig] || r.named[m.sig.name]) {
		return false
	}
	for _, s := range m.relocs {
		r.workers[0].mark(s)
	}
	return true
}

func isExported(name string) bool {
	for _, c := range name {
		return unicode.IsUpper(c)
	}
	return false
}

// mark notes that the program needs s.
func (w *reachWorker) mark(s sym) {
	if s != 0 && !w.needed.has(s) && w.needed.add(s) {
		w.found = true
	}
}

// useIface notes that type t is converted to an interface, and has it looked at again if that was not known.
func (w *reachWorker) useIface(t sym) {
	if t != 0 && !w.ifaces.has(t) && w.ifaces.add(t) && w.needed.has(t) {
		w.seen.remove(t)
		w.found = true
	}
}

// followed are the flags of symbols that the search has to see.
const followed = goobj.SymReflectMethod | goobj.SymTypelink | goobj.SymGoType | goobj.SymItab | goobj.SymPkgInit

// look looks at s, which is needed.
func (w *reachWorker) look(s sym) {
	if w.kinds[s] == kindUnloaded {
		return
	}
	if w.attrs[s]&attrLeaf != 0 { // known without a look at the archive
		w.symbols++
		return
	}
	var flags goobj.SymFlags
	if w.attrs[s]&attrFlagged != 0 {
		flags = w.flags(s)
	}
	w.reflected = w.reflected || flags&goobj.SymReflectMethod != 0
	if flags&(goobj.SymTypelink|goobj.SymItab) != 0 {
		w.linked = append(w.linked, s)
	}
	isType := flags&goobj.SymGoType != 0
	used := isType && w.ifaces.has(s)
	w.symbols++
	if used {
		w.buf = w.relocs(s, w.buf)
		w.relocsOf += len(w.buf)
	} else {
		w.buf = w.markPlain(s, w.buf)
	}
	if len(w.buf) > 0 {
		w.follow(s, w.buf, isType, used)
	}
	if w.markAux(s) && flags&goobj.SymPkgInit != 0 {
		w.pkgInits = append(w.pkgInits, s)
	}
}

// markPlain marks what those relocations of s refer to that have no other meaning for the search, and returns the others in the memory of
// buf. Nearly all are such ones, and to decode the rest of them takes as long as to mark.
func (w *reachWorker) markPlain(s sym, buf []reloc) []reloc {
	d := w.defs[s]
	if d.obj == 0 {
		w.attrs[s] |= attrDefers
		w.relocsOf += len(w.owns[d.idx].relocs)
		return w.relocs(s, buf)
	}
	o, plain := w.objs[d.obj], &w.arch.plain
	buf = buf[:0]
	if int(d.idx) >= o.Defs() {
		return buf
	}
	b := o.RelocData(d.idx)
	w.relocsOf += len(b) / goobj.RawRelocSize
	for ; len(b) > 0; b = b[goobj.RawRelocSize:] {
		raw := (*goobj.RawReloc)(b)
		typ := raw.Type()
		t, ok := o.listed(raw.Ref())
		if !ok {
			t = w.find(o, raw.Ref())
		}
		if t == w.deferReturn {
			w.attrs[s] |= attrDefers // here, since another look through all relocations takes long
		}
		if typ > goobj.MaxReloc || !plain[typ] {
			buf = append(buf, reloc{})
			buf[len(buf)-1].set(raw, t)
		} else if !w.needed.has(t) {
			w.mark(t)
		}
	}
	return buf
}

// markAux marks the auxiliary symbols of s, and reports whether there are any.
func (w *reachWorker) markAux(s sym) bool {
	d := w.origin(s)
	if d.obj == 0 {
		return false
	}
	o := w.objs[d.obj]
	from, to := o.Auxs(d.idx)
	for n := from; n < to; n++ {
		typ, ref := o.Aux(n)
		if typ > goobj.AuxPCData {
			w.errorf("%s: auxiliary symbol of type %d, which is not known: %w", w.name(s), typ, ErrUnsupported)
		}
		if typ == goobj.AuxGoType && !w.kinds[s].isCollected() {
			continue
		}
		t, ok := o.listed(ref)
		if !ok {
			t = w.find(o, ref)
		}
		switch {
		case typ != goobj.AuxGoType:
			w.mark(t)
		case !w.varTypes.has(t): // a variable does not need the descriptor of its type, but the garbage collector's description does
			w.varTypes.add(t)
		}
	}
	return from < to
}

// follow marks what the relocations of s refer to.
func (w *reachWorker) follow(s sym, relocs []reloc, isType, used bool) {
	var methods []methodRef
	for i := 0; i < len(relocs); i++ {
		rel := relocs[i]
		if rel.typ != w.release.relocInitOrder && (rel.typ > goobj.MaxReloc || !w.arch.known[rel.typ]) {
			w.errorf("%s: relocation type %d, which is not known for %s: %w", w.name(s), rel.typ, w.arch.GOARCH, ErrUnsupported)
			return
		}
		if rel.weak {
			continue
		}
		switch rel.typ {
		case goobj.RelocMethodOff: // three of them: type, entry for interfaces, entry
			if i+2 >= len(relocs) {
				w.errorf("%s: R_METHODOFF is not one of three", w.name(s))
				return
			}
			if used {
				if methods == nil {
					methods = make([]methodRef, 0, (len(relocs)-i)/3)
				}
				methods = append(methods, methodRef{relocs: [3]sym{rel.sym, relocs[i+1].sym, relocs[i+2].sym}})
				w.useIface(rel.sym)
			}
			i += 2
			continue
		case goobj.RelocUseType, w.release.relocInitOrder:
			continue
		case goobj.RelocUseIface:
			t := rel.sym
			if w.flags(t)&goobj.SymItab != 0 {
				t = w.itabType(t)
			}
			if w.flags(t)&goobj.SymGoType == 0 {
				w.errorf("%s: R_USEIFACE refers to %s, which is no type", w.name(s), w.name(rel.sym))
				return
			}
			w.useIface(t)
			continue
		case goobj.RelocUseIfaceMethod:
			t, ok := w.typeDesc(rel.sym)
			if !ok || t.kind() != kindInterface || int64(int32(rel.add)) != rel.add {
				w.errorf("%s: R_USEIFACEMETHOD refers to %s, which is no interface", w.name(s), w.name(rel.sym))
				return
			}
			w.called[methodSig{w.nameAt(&t, int(rel.add)), t.target(int(rel.add) + 4)}] = true
			continue
		case goobj.RelocUseNamedMethod:
			w.named[string(w.data(rel.sym))] = true
			continue
		}
		if isType && used && w.flags(rel.sym)&goobj.SymGoType != 0 {
			w.useIface(rel.sym)
		}
		w.mark(rel.sym)
	}
	if len(methods) > 0 {
		t, ok := w.typeDesc(s)
		var sigs []methodSig
		if ok {
			sigs, ok = w.linker.methods(&t, w.sigs)
			w.sigs = sigs[:0]
		}
		if !ok || len(sigs) != len(methods) {
			w.errorf("%s: %d methods in its relocations, %d in the descriptor", w.name(s), len(methods), len(sigs))
			return
		}
		for i := range methods {
			methods[i].sig = sigs[i]
		}
		w.methods = append(w.methods, methods)
	}
}

// itabType returns the type that the interface table t is of.
func (l *linker) itabType(t sym) sym {
	for _, rel := range l.relocs(t, nil) {
		if rel.off == 8 {
			return rel.sym
		}
	}
	return 0
}

// dropMapInits redirects weak calls, of functions that only initialize a map which nothing needs, to one that does nothing.
func (r *reacher) dropMapInits() {
	noop := r.lookup("runtime.mapinitnoop", abiInternal)
	var buf []reloc
	slices.Sort(r.pkgInits)
	for _, s := range r.pkgInits {
		buf = r.relocs(s, buf)
		for i, rel := range buf {
			if !rel.weak || !r.arch.isCall(rel.typ) || r.reachable(rel.sym) {
				continue
			}
			if !strings.Contains(r.name(rel.sym), "map.init") || noop == 0 {
				r.errorf("%s: weak call of %s, want one of a function that initializes a map", r.name(s), r.name(rel.sym))
				return
			}
			r.attrs[noop] |= attrReachable
			r.aux(noop, func(_ uint8, a sym) { r.needed.add(a) }) // its entries in the function table
			own := r.change(s)
			own.relocs[i].sym = noop
			own.relocs[i].weak = rel.weak
		}
	}
}
