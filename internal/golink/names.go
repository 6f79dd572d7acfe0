package golink

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goobj"
)

// # Names and merging
//
// Symbols are numbered in the order of cmd/link: first all that packages define for others, object by object, then, again object by
// object, the content-addressed ones and those that are found by name, and then what is referenced and not defined. Several
// definitions can make one symbol:
//
//   - content-addressed ones with the same hash, whatever their names. The hash leaves out trailing zeros, so the largest
//     definition is used;
//   - those of one name that the compiler marked as duplicates; the largest one, since a program can be made of packages that
//     were compiled with different options;
//   - a variable that one package declares and another one defines, by go:linkname or in assembly. The one with contents wins,
//     and gets the larger size.
//
// The largest alignment of all definitions counts, even that of a definition that is not used.

// nameTable finds symbols by name and ABI. It holds numbers alone: the names are in the objects.
type nameTable struct {
	seed  maphash.Seed
	slots []nameSlot
	used  int
}

type nameSlot struct {
	hash uint32
	sym  sym
	abi  uint8
}

func newNameTable(n int) *nameTable {
	size := 1024
	for size < n+n/2 {
		size *= 2
	}
	return &nameTable{seed: maphash.MakeSeed(), slots: make([]nameSlot, size)}
}

// slot returns the symbol of that name, or 0 and the slot where it goes. Who uses the slot calls added.
func (t *nameTable) slot(l *linker, name string, abi int) (sym, *nameSlot) {
	return t.slotAt(l, t.hash(name), name, abi)
}

func (t *nameTable) hash(name string) uint32 { return uint32(maphash.String(t.seed, name)) }

func (t *nameTable) slotAt(l *linker, h uint32, name string, abi int) (sym, *nameSlot) {
	mask := uint32(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.sym == 0 {
			s.hash, s.abi = h, uint8(abi)
			return 0, s
		}
		if s.hash == h && s.abi == uint8(abi) && l.name(s.sym) == name {
			return s.sym, s
		}
	}
}

// find returns the symbol of that name, 0 for none. It changes nothing.
func (t *nameTable) find(l *linker, name string, abi int) sym {
	h := t.hash(name)
	mask := uint32(len(t.slots) - 1)
	for i := h & mask; t.slots[i].sym != 0; i = (i + 1) & mask {
		if s := t.slots[i]; s.hash == h && s.abi == uint8(abi) && l.name(s.sym) == name {
			return s.sym
		}
	}
	return 0
}

// added counts a new name, and makes the table larger when it is three quarters full.
func (t *nameTable) added() {
	t.used++
	if 4*t.used < 3*len(t.slots) {
		return
	}
	old := t.slots
	t.slots = make([]nameSlot, 2*len(old))
	mask := uint32(len(t.slots) - 1)
	for _, s := range old {
		if s.sym == 0 {
			continue
		}
		i := s.hash & mask
		for t.slots[i].sym != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

// contentTable finds content-addressed symbols by hash. It holds a part of each hash: the whole is in the object that defines the symbol.
type contentTable struct {
	slots []contentSlot
	short bool // of Hashed64Defs, else of HashedDefs
}

type contentSlot struct {
	hash uint32
	sym  sym
}

func newContentTable(n int, short bool) *contentTable {
	size := 1024
	for size < n+n/2 {
		size *= 2
	}
	return &contentTable{make([]contentSlot, size), short}
}

// slot returns the place for the symbol with that hash; its sym is 0 when there is none so far. There is room for all hashes of a link.
func (t *contentTable) slot(l *linker, lo, hi uint64) *contentSlot {
	mask := uint64(len(t.slots) - 1)
	h := (lo ^ hi) * 0x9e3779b97f4a7c15
	for i := (h >> 29) & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.sym == 0 {
			s.hash = uint32(h)
			return s
		}
		if s.hash != uint32(h) {
			continue
		}
		d := l.defs[s.sym]
		o := l.objs[d.obj]
		if t.short && o.Hash64(d.idx-o.First(goobj.Hashed64Defs)) == lo {
			return s
		}
		if !t.short {
			if l, h := o.Hash(d.idx - o.First(goobj.HashedDefs)); l == lo && h == hi {
				return s
			}
		}
	}
}

// loadNames numbers the symbols of all objects.
func (l *linker) loadNames() {
	pkgDefs, named, short, long := 0, 0, 0, 0
	for _, o := range l.objs[1:] {
		pkgDefs += o.Count(goobj.PkgDefs)
		named += o.Count(goobj.NonPkgDefs) + o.Count(goobj.NonPkgRefs)
		short += o.Count(goobj.Hashed64Defs)
		long += o.Count(goobj.HashedDefs)
	}
	guess := pkgDefs + named + (short+long)*2/3 + 1024
	l.defs = make([]def, 1, guess)
	l.kinds = make([]kind, 1, guess)
	l.attrs = make([]uint8, 1, guess)
	l.aligns = make([]uint8, 1, guess)
	l.names = newNameTable(named)

	wanted := l.hashNames()
	for i, o := range l.objs[1:] {
		l.loadPkgDefs(uint32(i+1), o, wanted)
	}
	shorts, longs := newContentTable(short, true), newContentTable(long, false)
	for i, o := range l.objs[1:] {
		l.loadContents(uint32(i+1), o, shorts, longs)
		l.loadNamed(uint32(i+1), o)
	}
	for i, b := range l.release.builtins {
		l.builtins[i] = l.lookup(b.name, b.abi)
	}
	for _, v := range l.pulledVars {
		l.checkLinkname(v.from, v.sym)
	}
	for _, o := range l.objs[1:] {
		l.loadRefs(o)
	}
	for _, f := range l.sizeFixups {
		l.change(f.sym).size = f.size
	}
	l.values = make([]uint64, len(l.defs), len(l.defs)+1024)
	l.sections = make([]uint8, len(l.defs), len(l.defs)+1024)
}

// merge adds what definition or reference idx of o says about symbol s.
func (l *linker) merge(s sym, o *object, idx uint32) {
	if o.SymFlags(idx)&goobj.SymUsedInIface != 0 {
		l.attrs[s] |= attrUsedInIface
	}
	if a := alignLog(o.SymAlign(idx)); a > l.aligns[s] {
		l.aligns[s] = a
	}
}

// abiOf returns the ABI of symbol idx of o, -1 for one of that object alone.
func (l *linker) abiOf(o *object, idx uint32) int {
	switch a := o.SymABI(idx); a {
	case abi0, abiInternal:
		return int(a)
	case goobj.StaticABI:
		return -1
	default:
		l.errorf("%s: symbol %s has ABI %d, want 0 or 1", o.Name, o.SymName(idx), a)
		return -1
	}
}

// A nameSet has names by a part of their hashes: some names that are not in it seem to be.
type nameSet []uint64

func (s nameSet) add(h uint32)      { s[h>>6%uint32(len(s))] |= 1 << (h & 63) }
func (s nameSet) has(h uint32) bool { return s[h>>6%uint32(len(s))]&(1<<(h&63)) != 0 }

// hashNames hashes the names of all objects, and returns those that are referred to by name: packages refer to most of what others
// define by its number, so the table of names does without those.
func (l *linker) hashNames() nameSet {
	wanted := make(nameSet, 1<<14)
	var jobs []func()
	for _, o := range l.objs[1:] {
		jobs = append(jobs, func() {
			o.hashes = make([]uint32, o.All())
			for _, r := range [][2]uint32{{0, o.First(goobj.Hashed64Defs)}, {o.First(goobj.NonPkgDefs), uint32(o.All())}} {
				for i := r[0]; i < r[1]; i++ {
					o.hashes[i] = l.names.hash(o.SymName(i))
				}
			}
			for i := range o.First(goobj.Hashed64Defs) {
				if o.SymABI(i) == abi0 && kindOf(o.SymKind(i)).isText() {
					o.wrappers = append(o.wrappers, o.hashes[i]) // the symbol table names it by whether there is one of another ABI
				}
			}
		})
	}
	inParallel(jobs)
	for _, o := range l.objs[1:] {
		for _, h := range slices.Concat(o.wrappers, o.hashes[o.First(goobj.NonPkgDefs):]) {
			wanted.add(h)
		}
	}
	for _, d := range l.cfg.XDefs {
		if dot := strings.LastIndexByte(d[0], '.'); dot >= 0 {
			wanted.add(l.names.hash(pathToPrefix(d[0][:dot]) + d[0][dot:]))
		}
	}
	return wanted
}

func (l *linker) loadPkgDefs(obj uint32, o *object, wanted nameSet) {
	o.base = sym(len(l.defs))
	all := o.lib.path == "runtime" || o.lib.path == "main" // the linker refers to some by name
	for i := range uint32(o.Count(goobj.PkgDefs)) {
		s := sym(len(l.defs))
		l.addSym(def{obj, i}, kindOf(o.SymKind(i)))
		l.merge(s, o, i)
		l.checkDef(o, i)
		if h := o.hashes[i]; !all && !wanted.has(h) {
			continue
		}
		name := o.SymName(i)
		if name == "" {
			continue
		}
		if abi := l.abiOf(o, i); abi >= 0 {
			old, slot := l.names.slotAt(l, o.hashes[i], name, abi)
			slot.sym = s
			if old == 0 {
				l.names.added()
			}
		}
	}
}

// checkDef reports a definition that contradicts itself, or is of an unknown kind.
func (l *linker) checkDef(o *object, i uint32) {
	if k := o.SymKind(i); k == 0 || k > maxKind {
		l.errorf("%s: symbol %s is of kind %d, which is not known: %w", o.Name, o.SymName(i), k, ErrUnsupported)
	}
	if f := o.SymFlags(i) &^ l.release.symFlags(); f != 0 {
		l.errorf("%s: symbol %s has flags %#x, which are not known: %w", o.Name, o.SymName(i), f, ErrUnsupported)
	}
	if n := o.DataSize(i); n > o.SymSize(i) && kindOf(o.SymKind(i)) != kindUnloaded {
		l.errorf("%s: symbol %s: %d bytes of data in a size of %d", o.Name, o.SymName(i), n, o.SymSize(i))
	}
	if a := o.SymAlign(i); a&(a-1) != 0 || a > maxAlign {
		l.errorf("%s: symbol %s has alignment %d, want a power of two up to %d", o.Name, o.SymName(i), a, maxAlign)
	}
}

func (l *linker) loadContents(obj uint32, o *object, shorts, longs *contentTable) {
	o.others = make([]sym, o.All()-o.Count(goobj.PkgDefs))
	n64 := uint32(o.Count(goobj.Hashed64Defs))
	first := o.First(goobj.Hashed64Defs)
	for i := range n64 + uint32(o.Count(goobj.HashedDefs)) {
		var slot *contentSlot
		var lo, hi uint64
		if i < n64 {
			lo = o.Hash64(i)
			slot = shorts.slot(l, lo, 0)
		} else {
			lo, hi = o.Hash(i - n64)
			slot = longs.slot(l, lo, hi)
		}
		idx := first + i
		l.checkDef(o, idx)
		if slot.sym == 0 {
			slot.sym = sym(len(l.defs))
			l.addSym(def{obj, idx}, kindOf(o.SymKind(idx)))
		} else if uint64(o.SymSize(idx)) > l.size(slot.sym) {
			l.redefine(slot.sym, obj, idx)
		}
		l.merge(slot.sym, o, idx)
		o.others[i] = slot.sym
	}
}

// redefine makes symbol idx of object obj the definition of s.
func (l *linker) redefine(s sym, obj, idx uint32) {
	l.defs[s] = def{obj, idx}
	l.kinds[s] = kindOf(l.objs[obj].SymKind(idx))
}

// A sizeFixup is a variable that is larger than its definition.
type sizeFixup struct {
	sym  sym
	size uint64
}

// A pulledVar is a variable without contents that a go:linkname line declares.
type pulledVar struct {
	from *object
	sym  sym
}

func (l *linker) loadNamed(obj uint32, o *object) {
	first := o.First(goobj.NonPkgDefs)
	others := o.others[o.Count(goobj.Hashed64Defs)+o.Count(goobj.HashedDefs):]
	pulled := goobj.SymLinkname | l.release.linknameStd
	for i := range uint32(o.Count(goobj.NonPkgDefs)) {
		idx := first + i
		l.checkDef(o, idx)
		s := l.addNamed(obj, o, idx)
		l.merge(s, o, idx)
		others[i] = s
		if o.SymFlags(idx)&pulled != 0 && o.DataSize(idx) == 0 && strings.Contains(o.SymName(idx), ".") {
			l.pulledVars = append(l.pulledVars, pulledVar{o, s})
		}
	}
}

// addNamed returns the symbol that definition idx of o makes, alone or together with definitions before.
func (l *linker) addNamed(obj uint32, o *object, idx uint32) sym {
	name, abi := o.SymName(idx), l.abiOf(o, idx)
	k := kindOf(o.SymKind(idx))
	if name == "" || abi < 0 {
		l.addSym(def{obj, idx}, k)
		return sym(len(l.defs) - 1)
	}
	old, slot := l.names.slotAt(l, o.hashes[idx], name, abi)
	if old == 0 {
		slot.sym = sym(len(l.defs))
		l.addSym(def{obj, idx}, k)
		s := slot.sym
		l.names.added()
		return s
	}
	oldDef := l.defs[old]
	oldObj := l.objs[oldDef.obj]
	size, oldSize := uint64(o.SymSize(idx)), l.size(old)
	dupOK, oldDupOK := o.SymFlags(idx)&goobj.SymDupOK != 0, oldObj.SymFlags(oldDef.idx)&goobj.SymDupOK != 0
	if dupOK && (l.release.strongWins && !oldDupOK) {
		return old
	}
	if dupOK {
		if size > oldSize {
			l.redefine(old, obj, idx)
		}
		return old
	}
	if oldDupOK {
		if l.release.strongWins {
			l.redefine(old, obj, idx)
		}
		return old
	}
	hasData, oldHasData := o.DataSize(idx) != 0, oldObj.DataSize(oldDef.idx) != 0
	isBSS, oldIsBSS := k.isData() && !hasData, l.kinds[old].isData() && !oldHasData
	switch {
	case k.isText() && oldIsBSS, hasData && oldIsBSS, isBSS && oldIsBSS && size > oldSize:
		l.redefine(old, obj, idx)
		if oldSize > size {
			l.sizeFixups = append(l.sizeFixups, sizeFixup{old, oldSize})
		}
	case isBSS:
		if size > oldSize {
			l.sizeFixups = append(l.sizeFixups, sizeFixup{old, size})
		}
	default:
		l.errorf("symbol %s: defined in package %s (%d bytes) and in package %s (%d bytes)",
			name, oldObj.lib.path, oldSize, o.lib.path, size)
	}
	return old
}

// loadRefs resolves what o refers to by name, and the packages it refers to by number.
func (l *linker) loadRefs(o *object) {
	first := o.First(goobj.NonPkgRefs)
	others := o.others[first-o.First(goobj.Hashed64Defs):]
	pulled := goobj.SymLinkname | l.release.linknameStd
	fromAssembly := l.release.linknameStd != 0 && o.Flags&goobj.FlagAssembly != 0
	for i := range uint32(o.Count(goobj.NonPkgRefs)) {
		idx := first + i
		var s sym
		if abi := l.abiOf(o, idx); abi >= 0 {
			s = l.lookupOrMake(o.SymName(idx), abi)
		} else {
			s = l.ownSym(&own{name: o.SymName(idx), static: true}, kindNone)
		}
		l.merge(s, o, idx)
		others[i] = s
		if o.SymFlags(idx)&pulled != 0 || fromAssembly {
			l.checkLinkname(o, s)
		}
	}
	paths, err := o.Packages()
	if err != nil {
		l.fail(err)
	}
	o.pkgs = make([]*object, len(paths))
	for i, p := range paths {
		if i == 0 {
			o.pkgs[i] = l.noObject
			continue
		}
		if o.pkgs[i] = l.byPrefix[p]; o.pkgs[i] == nil {
			l.errorf("%s: reference to package %s, which is not in the program", o.Name, p)
			o.pkgs[i] = l.noObject
		}
	}
	o.RefFlags(func(r goobj.Ref, f goobj.SymFlags) {
		if f&goobj.SymUsedInIface != 0 {
			l.attrs[l.resolve(o, r)] |= attrUsedInIface
		}
	})
}
