package unpacker

import "unsafe"

// Go's function table (runtime/symtab.go, functab; runtime/runtime2.go, _func; Go 1.20
// to 1.26) is pairs of 32-bit words, entry and distance of a record from the table's
// start. Records follow each other in the order of the pairs. Each begins with the entry
// again and has fixedWords words, of which word 7 is the number of pcdata words
// that follow, and the last byte the number of funcdata words that follow
// those. Most words are offsets into tables that ascend from function to function:
// the packer replaces them by the difference to the one before of the same kind. What
// the records tell is zero: the pairs, and the table by which the runtime finds the
// function of an instruction (runtime/symtab.go, findfuncbucket). That has for each
// part of 256 bytes of code the index of the function that the part's first byte
// belongs to: for 16 parts a 32-bit word, the index of the first, and for each a
// byte, its index less that.
const (
	pairWords   = 2
	fixedWords  = 11
	npcdataWord = 7

	maxData = 16 // pcdata words of a record, and funcdata words
	// A pcdata word of 0 says that there is nothing. It is replaced by this one, and
	// does not count as the one before.
	nothing = 1 << 31

	findPart  = 256 // bytes of code
	findParts = 16  // that have one index in full
)

// A FuncTable is the list of the filter FilterFuncTable: where the tables are in the
// filter's range.
type FuncTable struct {
	Count uint32 // functions
	Table uint32 // distance in bytes to the pairs
	Align uint32 // what the distances of records from the pairs are a multiple of: 4 or 8
	Find  uint32 // distance in bytes to what finds functions
	Parts uint32 // parts that it has, 0 to leave it as it is
}

const funcTableSize = unsafe.Sizeof(FuncTable{})

// funcTable restores the tables that the list tells of in the n bytes at p. It
// reports whether they are in there.
//
//go:nosplit
func funcTable(p unsafe.Pointer, n uintptr, list, listEnd unsafe.Pointer) bool {
	if left(list, listEnd) != funcTableSize {
		return false
	}
	count, table := uintptr(load32(list)), uintptr(load32(unsafe.Add(list, 4)))
	align := uintptr(load32(unsafe.Add(list, 8)))
	find, parts := uintptr(load32(unsafe.Add(list, 12))), uintptr(load32(unsafe.Add(list, 16)))
	if table > n || count > (n-table)/(4*pairWords) || count == 0 || align != 4 && align != 8 ||
		find > n || findSize(parts) > n-find {
		return false
	}
	pairs := unsafe.Add(p, table)
	if !records(pairs, n-table, count, align) {
		return false
	}
	findFunctions(unsafe.Add(p, find), parts, pairs, count)
	return true
}

// records restores count records, and the pairs, in the n bytes at pairs.
//
//go:nosplit
func records(pairs unsafe.Pointer, n, count, align uintptr) bool {
	var entry, name, sp, file, line, unit, first uint32 // of the record before
	var before [maxData]uint32                          // the pcdata words
	at := count*4*pairWords + 4                         // the end of the last function closes the pairs
	for pair := pairs; count > 0; count-- {
		at = (at + align - 1) &^ (align - 1)
		if at+4*fixedWords > n {
			return false
		}
		r := unsafe.Add(pairs, at)
		npcdata, nfuncdata := uintptr(load32(unsafe.Add(r, 4*npcdataWord))), uintptr(load8(unsafe.Add(r, 4*fixedWords-1)))
		if npcdata > maxData || at+4*(fixedWords+npcdata+nfuncdata) > n {
			return false
		}
		entry += load32(r)
		name += load32(unsafe.Add(r, 4))
		sp += load32(unsafe.Add(r, 16))
		file += load32(unsafe.Add(r, 20))
		line += load32(unsafe.Add(r, 24))
		unit += load32(unsafe.Add(r, 32))
		first += load32(unsafe.Add(r, 36))
		store32(r, entry)
		store32(unsafe.Add(r, 4), name)
		store32(unsafe.Add(r, 16), sp)
		store32(unsafe.Add(r, 20), file)
		store32(unsafe.Add(r, 24), line)
		store32(unsafe.Add(r, 32), unit)
		store32(unsafe.Add(r, 36), first)
		store32(pair, entry)
		store32(unsafe.Add(pair, 4), uint32(at))
		pair = unsafe.Add(pair, 4*pairWords)
		at += 4 * (fixedWords + npcdata + nfuncdata)
		r = unsafe.Add(r, 4*fixedWords)
		for w := uintptr(0); w < npcdata; w++ {
			v := load32(r)
			if v == nothing {
				v = 0
			} else {
				v += before[w]
				before[w] = v
			}
			store32(r, v)
			r = unsafe.Add(r, 4)
		}
	}
	return true
}

// findSize returns the size in bytes of what finds functions in so many parts.
//
//go:nosplit
func findSize(parts uintptr) uintptr {
	return parts + (parts+findParts-1)/findParts*4
}

// findFunctions restores what finds functions, at p.
//
//go:nosplit
func findFunctions(p unsafe.Pointer, parts uintptr, pair unsafe.Pointer, count uintptr) {
	var index, whole uintptr // of the function, and of that of the word
	at := load32(pair)       // where the part begins
	for i := uintptr(0); i < parts; i++ {
		for index+1 < count && load32(unsafe.Add(pair, 4*pairWords)) <= at {
			pair = unsafe.Add(pair, 4*pairWords)
			index++
		}
		if i%findParts == 0 {
			whole = index
			store32(p, uint32(index))
			p = unsafe.Add(p, 4)
		}
		store8(p, uint8(index-whole))
		p = unsafe.Add(p, 1)
		at += findPart
	}
}
