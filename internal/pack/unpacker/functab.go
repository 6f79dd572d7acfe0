package unpacker

import "unsafe"

// Go's function table (runtime/symtab.go, functab; runtime/runtime2.go, _func; Go 1.20
// to 1.26) is pairs of 32-bit words, entry and distance of a record from the table's
// start. A record has fixedWords words, of which word 7 is the number of pcdata words
// that follow and the last byte the number of funcdata words that follow
// those. Most words are offsets into tables that ascend from function to function:
// the packer replaces them by the difference to the one before of the same kind.
const (
	pairWords   = 2
	fixedWords  = 11
	npcdataWord = 7
	// Bit w is set for word w of a record that is no offset: argument size,
	// deferreturn, npcdata, and the last word, of flags and small numbers.
	plainWords = 1<<2 | 1<<3 | 1<<npcdataWord | 1<<10

	maxData = 16 // pcdata words of a record, and funcdata words
	// A word that says that there is nothing, 0 for pcdata and ^0 for funcdata, is
	// replaced by this one. It does not count as the one before.
	nothing = 1 << 31
)

// funcWords are what the next function's words are relative to.
type funcWords struct {
	entry, offset uint32 // of the function before
	end           uint32 // of its record
	before        [fixedWords + 2*maxData]uint32
}

// funcTable turns the differences in the function table of n bytes at p into
// the words themselves again. It reports whether the table is one of count
// functions whose records follow each other without overlap.
//
//go:nosplit
func funcTable(p unsafe.Pointer, n uintptr, count uint32) bool {
	var s funcWords
	if uintptr(count) > n/(4*pairWords) {
		return false
	}
	s.end = count * 4 * pairWords
	for i := uintptr(0); i < uintptr(count); i++ {
		pair := unsafe.Add(p, i*4*pairWords)
		s.entry += load32(pair)
		s.offset += load32(unsafe.Add(pair, 4))
		store32(pair, s.entry)
		store32(unsafe.Add(pair, 4), s.offset)

		if s.offset < s.end || uintptr(s.offset)+4*fixedWords > n {
			return false
		}
		record := unsafe.Add(p, uintptr(s.offset))
		npcdata, nfuncdata := load32(unsafe.Add(record, 4*npcdataWord)), uint32(load8(unsafe.Add(record, 4*fixedWords-1)))
		if npcdata > maxData || nfuncdata > maxData || uintptr(s.offset)+4*uintptr(fixedWords+npcdata+nfuncdata) > n {
			return false
		}
		s.end = s.offset + 4*(fixedWords+npcdata+nfuncdata)
		for w := uintptr(0); w < fixedWords; w++ {
			if plainWords>>w&1 == 0 {
				s.before[w] += load32(record)
				store32(record, s.before[w])
			}
			record = unsafe.Add(record, 4)
		}
		record = s.data(record, fixedWords, uintptr(npcdata), 0)
		s.data(record, fixedWords+maxData, uintptr(nfuncdata), ^uint32(0))
	}
	return true
}

// data restores n pcdata or funcdata words.
//
//go:nosplit
func (s *funcWords) data(p unsafe.Pointer, first, n uintptr, none uint32) unsafe.Pointer {
	for w := first; w < first+n; w++ {
		v := load32(p)
		if v == nothing {
			v = none
		} else {
			v += s.before[w]
			s.before[w] = v
		}
		store32(p, v)
		p = unsafe.Add(p, 4)
	}
	return p
}
