package golink

import (
	"math/bits"

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

// firstContents returns, for each content-addressed definition of all objects in their order, the number of the first one that is the same.
// All are sorted into parts by hash first, so that what is looked up next is near, and a part can be done beside others.
func (l *linker) firstContents() []uint32 {
	var ends [2 * contentParts]int
	total := 0
	for _, o := range l.objs[1:] {
		o.Hash64s(func(key uint64) { ends[shortContents+part(key)]++ })
		o.Hashes(func(key, _ uint64) { ends[part(key)]++ })
		total += o.Count(goobj.Hashed64Defs) + o.Count(goobj.HashedDefs)
	}
	var starts [2 * contentParts]int
	sum := 0
	for part, n := range ends {
		starts[part] = sum
		ends[part] = sum
		sum += n
	}
	sorted := array[content](&l.pool, total)
	n := uint32(0)
	add := func(c content, part int) {
		sorted[ends[part]] = c
		ends[part]++
		n++
	}
	for _, o := range l.objs[1:] {
		o.Hash64s(func(key uint64) { add(content{key: key, n: n}, shortContents+part(key)) })
		o.Hashes(func(key, second uint64) { add(content{key, uint32(second), n}, part(key)) })
	}
	first := array[uint32](&l.pool, total)
	const partsOfJob = 16
	var jobs []func()
	for from := 0; from < len(starts); from += partsOfJob {
		jobs = append(jobs, func() {
			largest := 0
			for part := from; part < from+partsOfJob; part++ {
				largest = max(largest, ends[part]-starts[part])
			}
			table := make([]uint32, tableSize(largest))
			for part := from; part < from+partsOfJob; part++ {
				findFirst(sorted[starts[part]:ends[part]], first, table)
			}
		})
	}
	parallel.Do(jobs)
	giveBack(&l.pool, sorted)
	return first
}

// tableSize returns the size of a hash table of n indices: a power of two, at least half of it empty.
func tableSize(n int) int { return 1 << bits.Len(uint(2*n)) }

// findFirst notes in first the first of those in list that are the same. It uses the memory of table.
func findFirst(list []content, first []uint32, table []uint32) {
	table = table[:tableSize(len(list))]
	clear(table)
	mask := uint64(len(table) - 1) // the table has indices in list plus one
	for i := range list {
		c := &list[i]
		for at := mixed(c.key) >> 20 & mask; ; at = (at + 1) & mask {
			if table[at] == 0 {
				table[at] = uint32(i + 1)
				first[c.n] = c.n
				break
			}
			if f := &list[table[at]-1]; f.key == c.key && f.hi == c.hi {
				first[c.n] = f.n
				break
			}
		}
	}
}
