package golink

import (
	"encoding/binary"
	"math/bits"
	"unsafe"

	"github.com/go3s/rules_go3s/internal/parallel"
)

// # New numbers
//
// Programs need a third of the symbols of their archives, or less. When it is known which, these get new numbers, without gaps and in the
// order that they had, so that tables by number become smaller: half as large, with what is kept besides. What objects have as the symbols
// that they define or refer to stays as it is; [linker.resolve] translates it. Besides what is needed, some symbols keep a number:
//
//   - functions, since a function that is inlined everywhere is in the function table, by its name alone;
//   - types of variables, and of what these are made of, for the garbage collector's description (gcprog.go);
//   - what packages runtime and main define, and what no object does: the linker refers to some by name;
//   - string variables that are to be set, and their types.
//
// All others are symbol notNeeded from then on, and have its name in messages.

// Symbols that every program has.
const (
	noSym     sym = iota
	notNeeded     // all that are not needed, after renumber
	firstSym
)

// A keptWord says which of 64 symbols keep a number, and how many do before them.
type keptWord struct {
	bits   uint64
	before uint32
}

// A keptSet are the symbols that keep a number.
type keptSet []keptWord

func (k keptSet) has(s sym) bool { return k[s/64].bits>>(s%64)&1 != 0 }
func (k keptSet) add(s sym)      { k[s/64].bits |= 1 << (s % 64) }

// addAll adds the symbols from from to to-1.
func (k keptSet) addAll(from, to sym) {
	for s := from; s < to; s++ {
		k.add(s)
	}
}

// count numbers the symbols that are kept, and returns how many there are.
func (k keptSet) count() int {
	n := uint32(0)
	for i := range k {
		k[i].before = n
		n += uint32(bits.OnesCount64(k[i].bits))
	}
	return int(n)
}

// number returns the new number of s.
func (k keptSet) number(s sym) sym {
	w := &k[s/64]
	if w.bits>>(s%64)&1 == 0 {
		return notNeeded
	}
	return sym(w.before) + sym(bits.OnesCount64(w.bits&(1<<(s%64)-1)))
}

// renumber gives needed symbols new numbers.
func (l *linker) renumber() {
	k := l.keep()
	n := k.count()
	room := n + ownRoom
	parallel.Do([]func(){
		func() { l.defs = keepIn(&l.pool, l.defs, k, room) },
		func() {
			l.sizes = keepIn(&l.pool, l.sizes, k, room)
			l.kinds = keepIn(&l.pool, l.kinds, k, room)
			l.attrs = keepIn(&l.pool, l.attrs, k, room)
			l.aligns = keepIn(&l.pool, l.aligns, k, room)
		},
		func() { l.names.renumber(k) },
	})
	for _, o := range l.owns {
		for i := range o.relocs {
			o.relocs[i].sym = k.number(o.relocs[i].sym)
		}
	}
	for _, list := range [][]sym{l.linked, l.fips[:]} {
		for i, s := range list {
			list[i] = k.number(s)
		}
	}
	l.fipsInfo, l.mainTasks = k.number(l.fipsInfo), k.number(l.mainTasks)
	for _, set := range []*bitSet{&l.needed, &l.varTypes, &l.ifaces} {
		giveBack(&l.pool, *set)
		*set = nil
	}
	l.kept = k
	l.values = array[uint64](&l.pool, room)[:n]
	l.sections = array[uint8](&l.pool, room)[:n]
	l.pool.shrink()
}

// ownRoom is for how many symbols that the linker makes there is room in tables.
const ownRoom = 4096

// keepIn returns the values of list that are kept, in its memory, with room for so many. It gives back the rest.
func keepIn[T plain](p *pool, list []T, k keptSet, room int) []T {
	n := 0
	for i := range k {
		for w := k[i].bits; w != 0; w &= w - 1 {
			list[n] = list[64*i+bits.TrailingZeros64(w)]
			n++
		}
	}
	room = min(room, cap(list))
	clear(list[n:room])
	return shorten(p, list[:room])[:n]
}

// keep returns the symbols that keep a number. It does not count them.
func (l *linker) keep() keptSet {
	k := keptSet(array[keptWord](&l.pool, (len(l.defs)+63)/64))
	parallel.Ranges(len(l.defs), symsOfJob, func(from, to int) error {
		for at := from; at < to; at += symsOfByte {
			needed := uint8(l.needed[at/32] >> (at % 32))
			k[at/64].bits |= uint64(needed|l.kindsFrom(at).in(kindText, kindTextEnd)) << (at % 64)
		}
		return nil
	})
	k.addAll(noSym, firstSym)
	k.addAll(l.firstUndefined, sym(len(l.defs)))
	for _, o := range l.objs[1:] {
		if path := o.lib.path; path == "runtime" || path == "main" {
			k.addAll(o.base, o.base+sym(o.self))
			for _, s := range o.named {
				k.add(s)
			}
		}
	}
	for _, f := range l.sizeFixups {
		k.add(f.sym)
	}
	for _, d := range l.cfg.XDefs {
		if s := l.lookup(stringVariable(d[0]), abi0); s != 0 {
			k.add(s)
			k.add(l.goType(s))
		}
	}
	var types []sym
	for i, w := range l.varTypes {
		for ; w != 0; w &= w - 1 {
			types = append(types, sym(32*i+bits.TrailingZeros32(w)))
		}
	}
	l.keepTypes(k, types)
	return k
}

// kinds8 are the kinds of eight symbols, the first one in the lowest byte.
type kinds8 uint64

const symsOfByte = 8

// kindsFrom returns the kinds of symbols from s on, kindNone for those that there are not.
func (l *linker) kindsFrom(s int) kinds8 {
	var few [symsOfByte]kind
	list := l.kinds[s:]
	if len(list) < symsOfByte {
		list = few[:copy(few[:], list)]
	}
	return kinds8(binary.LittleEndian.Uint64(unsafe.Slice((*uint8)(&list[0]), symsOfByte)))
}

// in returns, as bits, which kinds are from from to to. Bytes are compared all at once: none is over 127, so sums stay in theirs.
func (k kinds8) in(from, to kind) uint8 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	atLeast := uint64(k) + ones*uint64(0x80-from)
	above := uint64(k) + ones*uint64(0x7f-to)
	return uint8(((atLeast &^ above & high) >> 7) * 0x0102040810204080 >> 56)
}

// keepTypes adds to k what the garbage collector's description of variables of the types is made of ([gcProgram.addType]).
func (l *linker) keepTypes(k keptSet, types []sym) {
	seen := symSet(array[uint64](&l.pool, len(k)))
	defer giveBack(&l.pool, seen)
	for len(types) > 0 {
		t := types[len(types)-1]
		types = types[:len(types)-1]
		if t == 0 || !seen.add(t) {
			continue
		}
		k.add(t)
		d, ok := l.typeDesc(t)
		if !ok {
			continue
		}
		switch d.kind() {
		case kindArray:
			types = append(types, d.target(typeSize))
		case kindStruct:
			d.fields(func(field sym, _ uint64) bool {
				types = append(types, field)
				return true
			})
		default:
			k.add(d.target(typeGCData))
		}
	}
}
