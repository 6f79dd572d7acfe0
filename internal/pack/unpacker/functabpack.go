//go:build !unpacker

package unpacker

import "encoding/binary"

// FuncTableDifferences does to b, which begins with a function table of count
// functions, what the filter FilterFuncTable undoes. It returns the number of
// bytes that the table with its records has. ok is false when the records do not follow
// each other, or are not whole; b is of no use then.
func FuncTableDifferences(b []byte, count int) (n int, ok bool) {
	var s funcWords
	le := binary.LittleEndian
	if count > len(b)/(4*pairWords) {
		return 0, false
	}
	n = count * 4 * pairWords
	difference := func(at int, before *uint32) {
		v := le.Uint32(b[at:])
		le.PutUint32(b[at:], v-*before)
		*before = v
	}
	for i := range count {
		pair := i * 4 * pairWords
		at := int(le.Uint32(b[pair+4:]))
		difference(pair, &s.entry)
		difference(pair+4, &s.offset)
		if at < n || at+4*fixedWords > len(b) {
			return 0, false
		}
		npcdata, nfuncdata := int(le.Uint32(b[at+4*npcdataWord:])), int(b[at+4*fixedWords-1])
		if npcdata > maxData || nfuncdata > maxData || at+4*(fixedWords+npcdata+nfuncdata) > len(b) {
			return 0, false
		}
		for w := range fixedWords + npcdata + nfuncdata {
			slot, none := w, uint32(0)
			if w >= fixedWords+npcdata {
				slot, none = w-npcdata+maxData, ^uint32(0)
			}
			switch {
			case w < fixedWords && plainWords>>w&1 != 0:
			case w >= fixedWords && le.Uint32(b[at:]) == none:
				le.PutUint32(b[at:], nothing)
			default:
				difference(at, &s.before[slot])
			}
			at += 4
		}
		n = at
	}
	return n, true
}
