package golink

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"strings"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/parallel"
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

// nameTable finds symbols by name and ABI. It has hashes in the place of names, as objects have hashes of contents: to look at the name of
// each symbol that is found would take longer than all else.
type nameTable struct {
	seed  maphash.Seed
	pool  *pool
	slots []nameSlot
	used  int
}

// A nameHash is the hash of a name: 64 bits of all of it, by a random seed, and 31 of its length, its beginning, middle and end. Two of a
// million names agree in the former once in tens of millions of links, and would have to agree in the latter, too. It is no array, which
// the compiler would keep in memory.
type nameHash struct{ a, b, c uint32 }

// of returns the hash of the name in that version: the last bit is the ABI.
func (h nameHash) of(abi int) nameHash {
	h.c = h.c&^1 | uint32(abi)
	return h
}

// A nameSlot is a name in the table.
type nameSlot struct {
	hash nameHash // of one version
	flag uint32   // the symbol, with slotDupOK
}

// slotDupOK says that the definition which is used so far says of itself that there may be others.
const slotDupOK = 1 << 31

func (s *nameSlot) sym() sym    { return sym(s.flag &^ slotDupOK) }
func (s *nameSlot) dupOK() bool { return s.flag&slotDupOK != 0 }

func (s *nameSlot) set(to sym, dupOK bool) {
	s.flag = uint32(to)
	if dupOK {
		s.flag |= slotDupOK
	}
}

// minNames is how many slots there are at least, many more than the linker adds names.
const minNames = 1024

func newNameTable(p *pool, n int) *nameTable {
	return &nameTable{seed: maphash.MakeSeed(), pool: p, slots: array[nameSlot](p, max(n, minNames))}
}

func (t *nameTable) hash(name string) nameHash {
	h := maphash.String(t.seed, name)
	return nameHash{uint32(h), uint32(h >> 32), outline(name)}
}

// outline returns a hash of the length of name, its beginning, middle and end, which takes a fraction of the time that one of all of it
// does. The last bit is 0, for the ABI.
func outline(name string) uint32 {
	var first, middle, last uint64
	if n := len(name); n >= 8 {
		word := func(at int) uint64 { return binary.LittleEndian.Uint64([]byte(name[at : at+8])) }
		first, middle, last = word(0), word(n/2-4), word(n-8)
	} else {
		for i := range n {
			last = last<<8 | uint64(name[i])
		}
	}
	hi, lo := bits.Mul64(first^uint64(len(name))*0x9e3779b97f4a7c15, last^0xd6e8feb86659fd93)
	hi, lo = bits.Mul64(middle^hi^lo, 0xa0761d6478bd642f)
	return uint32(hi^lo) &^ 1
}

// first returns the slot where the search for a name begins.
func (t *nameTable) first(h nameHash) int { return int(uint64(h.a) * uint64(len(t.slots)) >> 32) }

// after returns the slot where the search goes on after slot i.
func (t *nameTable) after(i int) int {
	if i++; i < len(t.slots) {
		return i
	}
	return 0
}

// slot returns the symbol of the name with that hash, or 0 and the slot where it goes. Who uses the slot calls added.
func (t *nameTable) slot(h nameHash, abi int) (sym, *nameSlot) {
	h = h.of(abi)
	for i := t.first(h); ; i = t.after(i) {
		s := &t.slots[i]
		if s.flag == 0 {
			s.hash = h
			return 0, s
		}
		if s.hash == h {
			return s.sym(), s
		}
	}
}

// warm reads the slots of many names that are looked up next.
func (t *nameTable) warm(hashes []nameHash) (x uint32) {
	for _, h := range hashes {
		x += t.slots[t.first(h)].flag
	}
	return x
}

// warmNames is how many names are warmed at once.
const warmNames = 512

// find returns the symbol of the name with that hash, 0 for none. It changes nothing.
func (t *nameTable) find(h nameHash, abi int) sym {
	h = h.of(abi)
	for i := t.first(h); t.slots[i].flag != 0; i = t.after(i) {
		if s := &t.slots[i]; s.hash == h {
			return s.sym()
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
	t.resize(2*len(t.slots), func(s sym) sym { return s })
}

// resize gives the table n slots, and symbols new numbers. Names of those that have none are no longer found.
func (t *nameTable) resize(n int, number func(sym) sym) {
	old := t.slots
	t.slots, t.used = array[nameSlot](t.pool, n), 0
	for _, s := range old {
		if s.flag == 0 {
			continue
		}
		to := number(s.sym())
		if to == notNeeded {
			continue
		}
		s.set(to, s.dupOK())
		i := t.first(s.hash)
		for t.slots[i].flag != 0 {
			i = t.after(i)
		}
		t.slots[i] = s
		t.used++
	}
	giveBack(t.pool, old)
}

// renumber gives symbols their new numbers, and makes the table smaller.
func (t *nameTable) renumber(k keptSet) {
	n := 0
	for i := range t.slots {
		if s := &t.slots[i]; s.flag != 0 && k.has(s.sym()) {
			n++
		}
	}
	t.resize(n+n/2+minNames, k.number)
}

// loadNames numbers the symbols of all objects.
func (l *linker) loadNames() {
	pkgDefs, named, refs, contents := 0, 0, 0, 0
	for _, o := range l.objs[1:] {
		o.base, o.self = firstSym+sym(pkgDefs), uint32(o.Count(goobj.PkgDefs))
		pkgDefs += o.Count(goobj.PkgDefs)
		contents += o.numContents()
		named += o.Count(goobj.NonPkgDefs)
		refs += o.Count(goobj.NonPkgRefs)
	}
	if n := pkgDefs + contents + named + refs; n >= maxSyms-1024 {
		l.errorf("%d symbols, want less than %d: %w", n, uint32(maxSyms), ErrUnsupported)
		return
	}
	l.names = newNameTable(&l.pool, named+named/8+1<<14) // besides, what packages define for others and look for: up to half of small programs
	first, distinct := l.firstContents()
	// Nearly all references are to what is defined: few symbols are added to these.
	room := int(firstSym) + pkgDefs + distinct + named + refs/16 + ownRoom
	l.defs = array[def](&l.pool, room)[:firstSym]
	l.kinds = array[kind](&l.pool, room)[:firstSym]
	l.attrs = array[uint8](&l.pool, room)[:firstSym]
	l.aligns = array[uint8](&l.pool, room)[:firstSym]
	l.sizes = array[uint32](&l.pool, room)[:firstSym]
	l.defs[notNeeded], l.kinds[notNeeded] = def{0, uint32(notNeeded)}, kindUnloaded
	l.ifaces = newBitSet(&l.pool, int(firstSym)+pkgDefs+distinct+named+refs+1) // if every reference made a symbol

	wanted := l.hashNames()
	l.loadPkgDefs(pkgDefs, wanted)
	l.setLists(first, array[sym](&l.pool, named+refs))
	for i, o := range l.objs[1:] {
		l.loadNamed(uint32(i+1), o)
	}
	l.loadContents(first)
	for i, b := range l.release.builtins {
		l.builtins[i] = l.lookup(b.name, b.abi)
	}
	for _, v := range l.pulledVars {
		l.checkLinkname(v.from, v.sym)
	}
	l.loadRefs()
	for _, o := range l.objs[1:] {
		giveBack(&l.pool, o.hashes)
		o.hashes = nil
	}
	l.pool.shrink()
	for _, f := range l.sizeFixups {
		l.change(f.sym).size = f.size
	}
}

// maxSyms bounds the number of symbols: the highest bit is laterContent's.
const maxSyms = laterContent

// setLists makes parts of contents and named, in the order of the objects, their lists of symbols.
func (l *linker) setLists(contents, named []sym) {
	for _, o := range l.objs[1:] {
		n := o.numContents()
		o.contents, contents = contents[:n], contents[n:]
		short := o.Count(goobj.Hashed64Defs)
		o.refs[goobj.RefHashed64-firstRefList], o.refs[goobj.RefHashed-firstRefList] = o.contents[:short], o.contents[short:]
		n = o.Count(goobj.NonPkgDefs) + o.Count(goobj.NonPkgRefs)
		o.named, named = named[:n], named[n:]
		o.refs[goobj.RefNone-firstRefList] = o.named
	}
}

// eachObject calls f for all objects, on all processors.
func (l *linker) eachObject(f func(obj uint32, o *object)) {
	parallel.Each(len(l.objs)-1, func(i int) { f(uint32(i+1), l.objs[i+1]) })
}

// addSyms adds n symbols without definitions, and returns the first one. There is room for those of objects.
func (l *linker) addSyms(n int) sym {
	s := len(l.defs)
	l.defs, l.kinds, l.attrs, l.aligns, l.sizes = l.defs[:s+n], l.kinds[:s+n], l.attrs[:s+n], l.aligns[:s+n], l.sizes[:s+n]
	return sym(s)
}

// setSym makes symbol idx of object obj, which is e, the definition of s.
func (l *linker) setSym(s sym, obj, idx uint32, e *goobj.SymEntry) {
	l.defs[s], l.kinds[s], l.sizes[s] = def{obj, idx}, kindOf(e.Kind), e.Size
	o, a := l.objs[obj], uint8(0)
	switch {
	case e.Flags&followed != 0:
		a = attrFlagged
	case !o.Refers(idx):
		a = attrLeaf
	}
	if e.Flags&goobj.SymNoSplit != 0 {
		a |= attrNoSplit
	}
	if !o.IsNamed(idx) {
		a |= attrUnnamed
	}
	l.attrs[s] = a
}

// merge adds what a definition or reference says about symbol s.
func (l *linker) merge(s sym, e *goobj.SymEntry) {
	if e.Flags&goobj.SymUsedInIface != 0 {
		l.ifaces.add(s)
	}
	if a := alignLog(e.Align); a > l.aligns[s] {
		l.aligns[s] = a
	}
}

// adds reports whether merge would change s.
func (l *linker) adds(s sym, e *goobj.SymEntry) bool {
	return e.Flags&goobj.SymUsedInIface != 0 && !l.ifaces.has(s) || alignLog(e.Align) > l.aligns[s]
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

// A nameSet has names by their outlines: some names that are not in it seem to be.
type nameSet []uint64

func (s nameSet) add(h uint32)      { s[h>>7%uint32(len(s))] |= 1 << (h >> 1 & 63) }
func (s nameSet) has(h uint32) bool { return s[h>>7%uint32(len(s))]&(1<<(h>>1&63)) != 0 }

// hashNames hashes the names that objects refer to others by and define for such references, and returns those that may be defined
// otherwise: packages refer to most of what others define by its number, so the table of names does without those.
func (l *linker) hashNames() (wanted nameSet) {
	for _, o := range l.objs[1:] { // each in memory of its own: many pieces, which fit into what firstContents gave back
		o.hashes = array[nameHash](&l.pool, o.All()-int(o.First(goobj.NonPkgDefs)))
	}
	wanted = make(nameSet, 1<<14)
	l.eachObject(func(_ uint32, o *object) {
		first := o.First(goobj.NonPkgDefs)
		for i := range o.hashes {
			o.hashes[i] = l.names.hash(o.SymName(first + uint32(i)))
		}
		for i := range o.First(goobj.Hashed64Defs) {
			if o.SymABI(i) == abi0 && kindOf(o.SymKind(i)).isText() {
				o.wrappers = append(o.wrappers, outline(o.SymName(i))) // the symbol table names it by whether there is one of another ABI
			}
		}
	})
	for _, o := range l.objs[1:] {
		for _, h := range o.hashes {
			wanted.add(h.c)
		}
		for _, h := range o.wrappers {
			wanted.add(h)
		}
	}
	for _, d := range l.cfg.XDefs {
		wanted.add(outline(stringVariable(d[0])))
	}
	return wanted
}

// hash returns the hash of the name of symbol i of o, one of NonPkgDefs or NonPkgRefs.
func (o *object) hash(i uint32) nameHash {
	return o.hashes[i-o.First(goobj.NonPkgDefs)]
}

// loadPkgDefs adds the n symbols that packages define for others, and the names of those that may be looked for.
func (l *linker) loadPkgDefs(n int, wanted nameSet) {
	l.addSyms(n)
	named := make([][]namedDef, len(l.objs))
	l.eachObject(func(obj uint32, o *object) {
		list := array[namedDef](&l.pool, int(o.self))[:0]
		all := o.lib.path == "runtime" || o.lib.path == "main" // the linker refers to some by name
		for i := range o.self {
			s, e := o.base+sym(i), o.Sym(i)
			l.setSym(s, obj, i, &e)
			l.merge(s, &e)
			l.checkDef(o, i, &e)
			if !o.IsNamed(i) {
				continue
			}
			name := o.SymName(i)
			if (all || wanted.has(outline(name))) && l.abiOf(o, i) >= 0 {
				list = append(list, namedDef{l.names.hash(name), i})
			}
		}
		named[obj] = shorten(&l.pool, list)
	})
	for obj, list := range named {
		o := l.objs[obj]
		for _, d := range list {
			e := o.Sym(d.idx)
			old, slot := l.names.slot(d.hash, int(o.SymABI(d.idx)))
			slot.set(o.base+sym(d.idx), e.Flags&goobj.SymDupOK != 0)
			if old == 0 {
				l.names.added()
			}
		}
		giveBack(&l.pool, list)
	}
}

// A namedDef is a symbol, idx of its object, with the hash of its name.
type namedDef struct {
	hash nameHash
	idx  uint32
}

// known reports whether the kind and the flags of a definition are ones that checkDef lets through.
func (l *linker) known(e *goobj.SymEntry) bool {
	return 0 < e.Kind && e.Kind <= maxKind && e.Flags&^l.symFlags == 0
}

// checkDef reports a definition, e of o and symbol i there, that contradicts itself, or is of an unknown kind.
func (l *linker) checkDef(o *object, i uint32, e *goobj.SymEntry) {
	if n := o.DataSize(i); n > e.Size && kindOf(e.Kind) != kindUnloaded {
		l.errorf("%s: symbol %s: %d bytes of data in a size of %d", o.Name, o.SymName(i), n, e.Size)
	}
	if a := e.Align; a&(a-1) != 0 || a > maxAlign {
		l.errorf("%s: symbol %s has alignment %d, want a power of two up to %d", o.Name, o.SymName(i), a, maxAlign)
	}
	if e.Kind == 0 || e.Kind > maxKind {
		l.errorf("%s: symbol %s is of kind %d, which is not known: %w", o.Name, o.SymName(i), e.Kind, ErrUnsupported)
	}
	if f := e.Flags &^ l.symFlags; f != 0 {
		l.errorf("%s: symbol %s has flags %#x, which are not known: %w", o.Name, o.SymName(i), f, ErrUnsupported)
	}
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

// loadNamed adds the symbols that o, object obj, defines and no object before it, the content-addressed ones first.
func (l *linker) loadNamed(obj uint32, o *object) {
	n := 0
	for _, f := range o.contents {
		n += int(^f >> 31) // without laterContent
	}
	o.newContents = l.addSyms(n)
	first := o.First(goobj.NonPkgDefs)
	pulled := goobj.SymLinkname | l.release.linknameStd
	for i := range uint32(o.Count(goobj.NonPkgDefs)) {
		if i%warmNames == 0 {
			l.warmed.Store(l.names.warm(o.hashes[i:min(int(i)+warmNames, o.Count(goobj.NonPkgDefs))]))
		}
		idx := first + i
		e := o.Sym(idx)
		l.checkDef(o, idx, &e)
		s := l.addNamed(obj, o, idx, o.hash(idx), &e)
		l.merge(s, &e)
		o.named[i] = s
		if e.Flags&pulled != 0 && o.DataSize(idx) == 0 && strings.Contains(o.SymName(idx), ".") {
			l.pulledVars = append(l.pulledVars, pulledVar{o, s})
		}
	}
}

// addNamed returns the symbol that definition idx of o makes, e with a name with hash h, alone or together with definitions before.
func (l *linker) addNamed(obj uint32, o *object, idx uint32, h nameHash, e *goobj.SymEntry) sym {
	abi := l.abiOf(o, idx)
	k := kindOf(e.Kind)
	if abi < 0 || !o.IsNamed(idx) {
		s := l.addSyms(1)
		l.setSym(s, obj, idx, e)
		return s
	}
	dupOK := e.Flags&goobj.SymDupOK != 0
	old, slot := l.names.slot(h, abi)
	if old == 0 {
		s := l.addSyms(1)
		slot.set(s, dupOK)
		l.setSym(s, obj, idx, e)
		l.names.added()
		return s
	}
	if dupOK && l.release.strongWins && !slot.dupOK() {
		return old
	}
	if dupOK {
		if e.Size > l.sizes[old] {
			slot.set(old, dupOK)
			l.setSym(old, obj, idx, e)
		}
		return old
	}
	if slot.dupOK() {
		if l.release.strongWins {
			slot.set(old, dupOK)
			l.setSym(old, obj, idx, e)
		}
		return old
	}
	oldDef := l.defs[old]
	oldObj := l.objs[oldDef.obj]
	size, oldSize := uint64(e.Size), uint64(l.sizes[old])
	hasData, oldHasData := o.DataSize(idx) != 0, oldObj.DataSize(oldDef.idx) != 0
	isBSS, oldIsBSS := k.isData() && !hasData, l.kinds[old].isData() && !oldHasData
	switch {
	case k.isText() && oldIsBSS, hasData && oldIsBSS, isBSS && oldIsBSS && size > oldSize:
		l.setSym(old, obj, idx, e)
		if oldSize > size {
			l.sizeFixups = append(l.sizeFixups, sizeFixup{old, oldSize})
		}
	case isBSS:
		if size > oldSize {
			l.sizeFixups = append(l.sizeFixups, sizeFixup{old, size})
		}
	default:
		l.errorf("symbol %s: defined in package %s (%d bytes) and in package %s (%d bytes)",
			o.SymName(idx), oldObj.lib.path, oldSize, o.lib.path, size)
	}
	return old
}

// loadRefs resolves what objects refer to by name, and the packages that they refer to by number.
func (l *linker) loadRefs() {
	// Nearly all references are to what is defined, or have no name, and say nothing new. The others make symbols, in the order of objects.
	l.firstUndefined = sym(len(l.defs))
	l.lookupOrMake("", abi0)
	l.eachObject(func(_ uint32, o *object) {
		l.loadDefinedRefs(o)
		l.loadPackages(o)
	})
	for obj, o := range l.objs[1:] {
		refs := o.named[o.Count(goobj.NonPkgDefs):]
		for i, s := range refs {
			if s != 0 {
				continue
			}
			idx := o.First(goobj.NonPkgRefs) + uint32(i)
			var slot *nameSlot
			if abi := l.abiOf(o, idx); abi >= 0 {
				s, slot = l.names.slot(o.hash(idx), abi)
			}
			if s == 0 {
				s = l.addRef(def{uint32(obj + 1), idx})
				if slot != nil {
					slot.set(s, false)
					l.names.added()
				}
			}
			e := o.Sym(idx)
			l.merge(s, &e)
			refs[i] = s
			if l.isPulled(o, &e) {
				l.checkLinkname(o, s)
			}
		}
	}
	for _, o := range l.objs[1:] {
		o.RefFlags(func(r goobj.Ref, f goobj.SymFlags) {
			if f&goobj.SymUsedInIface != 0 {
				l.ifaces.add(l.resolve(o, r))
			}
		})
	}
}

// loadDefinedRefs resolves the references of o by name to symbols that there are. Those to other symbols, and those that say something of
// theirs, stay 0, to be looked at again.
func (l *linker) loadDefinedRefs(o *object) {
	refs, hashes := o.named[o.Count(goobj.NonPkgDefs):], o.hashes[o.Count(goobj.NonPkgDefs):]
	var warmed uint32
	for i := range refs {
		if i%warmNames == 0 {
			warmed += l.names.warm(hashes[i:min(i+warmNames, len(hashes))])
		}
		idx := o.First(goobj.NonPkgRefs) + uint32(i)
		abi := o.SymABI(idx)
		if abi >= numABIs {
			continue
		}
		s, e := l.names.find(hashes[i], int(abi)), o.Sym(idx)
		if s != 0 && !l.adds(s, &e) && !l.isPulled(o, &e) {
			refs[i] = s
		}
	}
	l.warmed.Store(warmed)
}

// isPulled reports whether e is a reference of o that must be allowed.
func (l *linker) isPulled(o *object, e *goobj.SymEntry) bool {
	std := l.release.linknameStd
	return e.Flags&(goobj.SymLinkname|std) != 0 || std != 0 && o.Flags&goobj.FlagAssembly != 0
}

// loadPackages finds the packages that o refers to by number.
func (l *linker) loadPackages(o *object) {
	paths, err := o.Packages()
	if err != nil {
		l.fail(err)
	}
	o.pkgs = make([]numbers, len(paths))
	for i, p := range paths {
		if i == 0 {
			continue
		}
		if dep := l.byPrefix[p]; dep != nil {
			o.pkgs[i] = numbers{dep.base, dep.self}
		} else {
			l.errorf("%s: reference to package %s, which is not in the program", o.Name, p)
		}
	}
}
