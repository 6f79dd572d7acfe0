package golink

import (
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
// That set does not depend on the order in which it is found: each rule only ever adds to it.

// A methodRef is a method of a type that is used as an interface.
type methodRef struct {
	sig    methodSig
	relocs [3]sym // its type, and its two entries
}

type reacher struct {
	*linker
	todo    [][]sym  // by the object that defines them, so that what is near is looked at together
	objects []uint32 // that todo has something of, but for current
	current uint32
	methods [][]methodRef // by type

	called    map[methodSig]bool
	named     map[string]bool
	reflected bool
	pkgInits  []sym
}

// reach marks what the program needs.
func (l *linker) reach() {
	r := &reacher{linker: l, todo: make([][]sym, len(l.objs)), called: map[methodSig]bool{}, named: map[string]bool{}}
	entry := l.arch.entry
	if l.object {
		entry = "main"
	}
	for _, name := range []string{entry, "runtime.unreachableMethod"} {
		for abi := range numABIs {
			r.mark(l.lookup(name, abi))
		}
	}
	r.mark(l.mainTasks)
	for {
		r.flood()
		types := r.methods[:0]
		for _, methods := range r.methods {
			if rest := slices.DeleteFunc(methods, r.markMethod); len(rest) > 0 {
				types = append(types, rest)
			}
		}
		r.methods = types
		if len(r.objects) == 0 && len(r.todo[r.current]) == 0 {
			break
		}
	}
	slices.Sort(r.linked)
	r.linked = slices.Compact(r.linked) // some were looked at twice
	r.dropMapInits()
}

// markMethod marks m if it is needed, and reports whether it is.
func (r *reacher) markMethod(m methodRef) bool {
	if !(r.reflected && isExported(m.sig.name) || r.called[m.sig] || r.named[m.sig.name]) {
		return false
	}
	for _, s := range m.relocs {
		r.mark(s)
	}
	return true
}

func isExported(name string) bool {
	for _, c := range name {
		return unicode.IsUpper(c)
	}
	return false
}

func (r *reacher) mark(s sym) {
	if s != 0 && r.attrs[s]&attrReachable == 0 && r.kinds[s] != kindUnloaded {
		r.attrs[s] |= attrReachable
		r.visit(s)
	}
}

// visit has flood look at s.
func (r *reacher) visit(s sym) {
	obj := r.defs[s].obj
	if len(r.todo[obj]) == 0 && obj != r.current {
		r.objects = append(r.objects, obj)
	}
	r.todo[obj] = append(r.todo[obj], s)
}

// useIface notes that type t is converted to an interface, and looks at it again if that was not known.
func (r *reacher) useIface(t sym) {
	if t == 0 || r.attrs[t]&attrUsedInIface != 0 {
		return
	}
	r.attrs[t] |= attrUsedInIface
	if r.attrs[t]&attrReachable != 0 {
		r.visit(t)
	}
}

// warmSyms is how many symbols are warmed at once.
const warmSyms = 64

func (r *reacher) flood() {
	var buf []reloc
	warm := 0 // of what is to do of the current object, so many are warm
	for {
		if len(r.todo[r.current]) == 0 {
			if len(r.objects) == 0 {
				return
			}
			r.current = r.objects[len(r.objects)-1]
			r.objects = r.objects[:len(r.objects)-1]
			warm = 0
		}
		list := r.todo[r.current]
		if warm == 0 {
			warm = min(len(list), warmSyms)
			r.warm(list[len(list)-warm:])
		}
		warm--
		s := list[len(list)-1]
		r.todo[r.current] = list[:len(list)-1]
		flags := r.flags(s)
		r.reflected = r.reflected || flags&goobj.SymReflectMethod != 0
		if flags&(goobj.SymTypelink|goobj.SymItab) != 0 {
			r.linked = append(r.linked, s)
		}
		isType := flags&goobj.SymGoType != 0
		used := isType && r.attrs[s]&attrUsedInIface != 0
		buf = r.relocs(s, buf)
		r.numReached++
		r.numRelocs += len(buf)
		r.follow(s, buf, isType, used)

		isFunc := false
		r.aux(s, func(typ uint8, a sym) {
			isFunc = true
			if typ > goobj.AuxPCData {
				r.errorf("%s: auxiliary symbol of type %d, which is not known: %w", r.name(s), typ, ErrUnsupported)
			}
			if typ != goobj.AuxGoType { // a variable does not need the descriptor of its type
				r.mark(a)
			}
		})
		if isFunc && flags&goobj.SymPkgInit != 0 {
			r.pkgInits = append(r.pkgInits, s)
		}
	}
}

// follow marks what the relocations of s refer to.
func (r *reacher) follow(s sym, relocs []reloc, isType, used bool) {
	var methods []methodRef
	for i := 0; i < len(relocs); i++ {
		rel := relocs[i]
		if rel.typ != r.release.relocInitOrder && (rel.typ > goobj.MaxReloc || !r.arch.known[rel.typ]) {
			r.errorf("%s: relocation type %d, which is not known for %s: %w", r.name(s), rel.typ, r.arch.GOARCH, ErrUnsupported)
			return
		}
		if rel.weak {
			continue
		}
		switch rel.typ {
		case goobj.RelocMethodOff: // three of them: type, entry for interfaces, entry
			if i+2 >= len(relocs) {
				r.errorf("%s: R_METHODOFF is not one of three", r.name(s))
				return
			}
			if used {
				if methods == nil {
					methods = make([]methodRef, 0, (len(relocs)-i)/3)
				}
				methods = append(methods, methodRef{relocs: [3]sym{rel.sym, relocs[i+1].sym, relocs[i+2].sym}})
				r.useIface(rel.sym)
			}
			i += 2
			continue
		case goobj.RelocUseType, r.release.relocInitOrder:
			continue
		case goobj.RelocUseIface:
			t := rel.sym
			if r.flags(t)&goobj.SymItab != 0 {
				t = r.itabType(t)
			}
			if r.flags(t)&goobj.SymGoType == 0 {
				r.errorf("%s: R_USEIFACE refers to %s, which is no type", r.name(s), r.name(rel.sym))
				return
			}
			r.useIface(t)
			continue
		case goobj.RelocUseIfaceMethod:
			t, ok := r.typeDesc(rel.sym)
			if !ok || t.kind() != kindInterface || int64(int32(rel.add)) != rel.add {
				r.errorf("%s: R_USEIFACEMETHOD refers to %s, which is no interface", r.name(s), r.name(rel.sym))
				return
			}
			r.called[methodSig{r.nameAt(t, int(rel.add)), t.target(int(rel.add) + 4)}] = true
			continue
		case goobj.RelocUseNamedMethod:
			r.named[string(r.data(rel.sym))] = true
			continue
		}
		if isType && used && r.flags(rel.sym)&goobj.SymGoType != 0 {
			r.useIface(rel.sym)
		}
		r.mark(rel.sym)
	}
	if len(methods) > 0 {
		t, ok := r.typeDesc(s)
		var sigs []methodSig
		if ok {
			sigs, ok = r.linker.methods(t)
		}
		if !ok || len(sigs) != len(methods) {
			r.errorf("%s: %d methods in its relocations, %d in the descriptor", r.name(s), len(methods), len(sigs))
			return
		}
		for i := range methods {
			methods[i].sig = sigs[i]
		}
		r.methods = append(r.methods, methods)
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
			own := r.change(s)
			own.relocs[i].sym = noop
			own.relocs[i].weak = rel.weak
		}
	}
}
