//go:build !unpacker

package unpacker

import "encoding/binary"

// differenceWords are the words of a record that are differences, in any order: entry,
// name, pcsp, pcfile, pcln, compilation unit, start line.
var differenceWords = [...]int{0, 1, 4, 5, 6, 8, 9}

// FindSize returns the size in bytes of the table that finds the functions of so many
// bytes of code, and its number of parts.
func FindSize(code uint64) (size, parts uint64) {
	parts = (code + findPart - 1) / findPart
	return uint64(findSize(uintptr(parts))), parts
}

// FuncTableDifferences does to b, the filter's range, what the filter FilterFuncTable undoes. It
// returns how many bytes of b that needs. ok is false when a record is not in b; b is of no
// use then. Both tables must begin in b, and what finds functions end there. Whether the filter restores what
// was there is for the caller to see: it does if the tables are what t says.
func FuncTableDifferences(b []byte, t FuncTable) (end int, ok bool) {
	le := binary.LittleEndian
	table := b[t.Table:]
	if int(t.Count) > len(table)/(4*pairWords) {
		return 0, false
	}
	difference := func(at int, before *uint32) {
		v := le.Uint32(table[at:])
		le.PutUint32(table[at:], v-*before)
		*before = v
	}
	var fixed [fixedWords]uint32
	var data [maxData]uint32
	for i := range int(t.Count) {
		pair := table[i*4*pairWords:]
		at := int(le.Uint32(pair[4:]))
		clear(pair[:4*pairWords])
		if at+4*fixedWords > len(table) {
			return 0, false
		}
		npcdata, nfuncdata := int(le.Uint32(table[at+4*npcdataWord:])), int(table[at+4*fixedWords-1])
		if npcdata > maxData || at+4*(fixedWords+npcdata+nfuncdata) > len(table) {
			return 0, false
		}
		for _, w := range differenceWords {
			difference(at+4*w, &fixed[w])
		}
		for w := range npcdata {
			if at := at + 4*(fixedWords+w); le.Uint32(table[at:]) == 0 {
				le.PutUint32(table[at:], nothing)
			} else {
				difference(at, &data[w])
			}
		}
		end = max(end, int(t.Table)+at+4*(fixedWords+npcdata+nfuncdata))
	}
	find := b[t.Find:][:findSize(uintptr(t.Parts))]
	clear(find)
	return max(end, int(t.Find)+len(find)), true
}
