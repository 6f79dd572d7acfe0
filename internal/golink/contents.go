package golink

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// A content is a content-addressed definition. Of all objects there are several times as many as the program has symbols: the archives have
// the same tables and strings again and again.
type content struct {
	key uint64 // the first half of its hash, or what it contains
	hi  uint32 // of the second half, which distinguishes millions of definitions well enough; 0 for one that is its own hash
	n   uint32 // its number among all of them
}

const (
	contentBits   = 7 // of the hash, that choose a part
	contentParts  = 1 << contentBits
	shortContents = contentParts // is added to the part of those that are found by what they contain
)

// part returns the part that contents with that key are in, of one kind or the other.
func part(key uint64) int { return int(mixed(key) >> (64 - contentBits)) }

// mixed returns bits that depend on all of the key.
func mixed(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 }

// firstContents returns, for each content-addressed definition of all objects in their order, the number of the first one that is the same,
// with laterContent added for one that is not that itself, and how many different ones there are. All are sorted into parts by hash first,
// so that what is looked up next is near, and a part can be done beside others.
func (l *linker) firstContents() (first []sym, distinct int) {
	groups := l.contentGroups()
	eachGroup := func(f func(*contentGroup)) { parallel.Each(len(groups), func(i int) { f(&groups[i]) }) }
	eachGroup((*contentGroup).count)
	var starts, ends [2 * contentParts]int
	sum := 0
	for part := range starts {
		starts[part] = sum
		for i := range groups {
			n := groups[i].next[part]
			groups[i].next[part] = sum
			sum += n
		}
		ends[part] = sum
	}
	sorted := array[content](&l.pool, sum)
	eachGroup(func(g *contentGroup) { g.sort(sorted) })
	first = array[sym](&l.pool, sum)
	const partsOfJob = 16
	var found atomic.Int64
	parallel.Each(len(starts)/partsOfJob, func(i int) {
		from, to := i*partsOfJob, (i+1)*partsOfJob
		largest := 0
		for part := from; part < to; part++ {
			largest = max(largest, ends[part]-starts[part])
		}
		table := array[uint32](&l.pool, tableSize(largest))
		for part := from; part < to; part++ {
			found.Add(int64(findFirst(sorted[starts[part]:ends[part]], first, table)))
		}
		giveBack(&l.pool, table)
	})
	giveBack(&l.pool, sorted)
	return first, int(found.Load())
}

// loadContents gives the content-addressed symbols their definitions. first is what firstContents returned, and is parts of what objects
// have as their contents now; loadNamed numbered the symbols.
func (l *linker) loadContents(first []sym) {
	l.eachObject(func(obj uint32, o *object) {
		s := o.newContents
		for i, f := range o.contents {
			idx := o.self + uint32(i)
			o.contentText = o.contentText || kindOf(o.SymKind(idx)).isText()
			if f&laterContent == 0 {
				e := o.Sym(idx)
				l.checkDef(o, idx, &e)
				l.setSym(s, obj, idx, &e)
				l.merge(s, &e)
				o.contents[i] = s
				s++
			}
		}
	})
	// Few definitions add something to the first one. They do so in their order, after all others have found it.
	changes := make([][]contentChange, len(l.objs))
	l.eachObject(func(obj uint32, o *object) {
		for i, f := range o.contents {
			if f&laterContent == 0 {
				continue
			}
			s, idx := first[f&^laterContent], o.self+uint32(i)
			o.contents[i] = s
			if e := o.Sym(idx); e.Size > l.sizes[s] || l.adds(s, &e) || !l.known(&e) {
				changes[obj] = append(changes[obj], contentChange{idx, s})
			}
		}
	})
	for obj, list := range changes {
		for _, c := range list {
			o := l.objs[obj]
			e := o.Sym(c.idx)
			l.checkDef(o, c.idx, &e)
			if e.Size > l.sizes[c.sym] {
				l.setSym(c.sym, uint32(obj), c.idx, &e)
			}
			l.merge(c.sym, &e)
		}
	}
}

// A contentChange is a definition of sym, symbol idx of its object, that adds something to the first one.
type contentChange struct {
	idx uint32
	sym sym
}

// laterContent marks a definition that is not the first of its contents.
const laterContent = 1 << 31

// A contentGroup are the content-addressed definitions of some objects.
type contentGroup struct {
	objs  []*object
	first uint32 // number of its first definition
	n     int
	next  [2 * contentParts]int // by part, how many it has, then where the next one goes
}

// contentGroups returns all definitions as groups of about the same size. There is more work for groups than processors, so that all end at
// about the same time.
func (l *linker) contentGroups() []contentGroup {
	total := 0
	for _, o := range l.objs[1:] {
		total += o.numContents()
	}
	const numGroups = 16
	var groups []contentGroup
	n := 0
	for from := 1; from < len(l.objs); {
		g := contentGroup{first: uint32(n)}
		to := from
		for ; to < len(l.objs) && g.n <= total/numGroups; to++ {
			g.n += l.objs[to].numContents()
		}
		g.objs = l.objs[from:to]
		groups = append(groups, g)
		from, n = to, n+g.n
	}
	return groups
}

// numContents returns how many content-addressed definitions o has.
func (o *object) numContents() int { return o.Count(goobj.Hashed64Defs) + o.Count(goobj.HashedDefs) }

// count counts, by part.
func (g *contentGroup) count() {
	for _, o := range g.objs {
		for b := o.Hash64s(); len(b) > 0; b = b[goobj.Hash64Size:] {
			g.next[shortContents+part(binary.LittleEndian.Uint64(b))]++
		}
		for b := o.Hashes(); len(b) > 0; b = b[goobj.HashSize:] {
			g.next[part(binary.LittleEndian.Uint64(b))]++
		}
	}
}

// sort puts the definitions where they go.
func (g *contentGroup) sort(sorted []content) {
	n := g.first
	add := func(c content, part int) {
		sorted[g.next[part]] = c
		g.next[part]++
		n++
	}
	for _, o := range g.objs {
		for b := o.Hash64s(); len(b) > 0; b = b[goobj.Hash64Size:] {
			key := binary.LittleEndian.Uint64(b)
			add(content{key: key, n: n}, shortContents+part(key))
		}
		for b := o.Hashes(); len(b) > 0; b = b[goobj.HashSize:] {
			key := binary.LittleEndian.Uint64(b)
			add(content{key, binary.LittleEndian.Uint32(b[8:]), n}, part(key))
		}
	}
}

// tableSize returns the size of a hash table of n indices: a power of two, at least half of it empty.
func tableSize(n int) int { return 1 << bits.Len(uint(2*n)) }

// findFirst notes in first the first of those in list that are the same, and returns how many are. It uses the memory of table.
func findFirst(list []content, first []sym, table []uint32) (n int) {
	table = table[:tableSize(len(list))]
	clear(table)
	mask := uint64(len(table) - 1) // the table has indices in list plus one
	for i := range list {
		c := &list[i]
		for at := mixed(c.key) >> 20 & mask; ; at = (at + 1) & mask {
			if table[at] == 0 {
				table[at] = uint32(i + 1)
				first[c.n] = sym(c.n)
				n++
				break
			}
			if f := &list[table[at]-1]; f.key == c.key && f.hi == c.hi {
				first[c.n] = sym(f.n) | laterContent
				break
			}
		}
	}
	return n
}
