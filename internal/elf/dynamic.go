package elf

import "debug/elf"

// Numbers of relative relocations without addends (gABI 4, "Sections"; gABI 5, "Dynamic Section"), which package debug/elf lacks.
const (
	SHT_RELR   elf.SectionType = 19
	DT_RELRSZ  elf.DynTag      = 35
	DT_RELR    elf.DynTag      = 36
	DT_RELRENT elf.DynTag      = 37
)

// DynamicEntries returns the entries of p, a PT_DYNAMIC segment, before DT_NULL (gABI 5, "Dynamic Section"). terminated is false when
// no DT_NULL ends them within the segment. The error is a *FormatError about a segment that is not in the file.
func (f *File) DynamicEntries(p *elf.Prog64) (entries []elf.Dyn64, terminated bool, err error) {
	b, err := f.SegmentData(p)
	if err != nil {
		return nil, false, err
	}
	for ; len(b) >= DynSize; b = b[DynSize:] {
		d := elf.Dyn64{Tag: int64(le.Uint64(b)), Val: le.Uint64(b[8:])}
		if elf.DynTag(d.Tag) == elf.DT_NULL {
			return entries, true, nil
		}
		entries = append(entries, d)
	}
	return entries, false, nil
}

// Relative relocations in DT_RELR form (gABI 5, "Relative Relocation Table"): a list of words. An even word is the address of a word to
// relocate. Each odd one that follows is a bitmap of the next 63 words: bit n, from 1, for the nth. To relocate is to add the load address
// to the word in place.

// relrBits is the number of words that a bitmap of a DT_RELR table covers.
const relrBits = 63

// A RELREncoder makes the shortest DT_RELR table that relocates the words that are added. The zero value is an empty table.
type RELREncoder struct {
	words []uint64
	next  uint64 // the first word that the last bitmap, or the one after an address, covers
	bits  uint64 // of the bitmap that is not in words yet; 0 for none
}

// Add adds the word at site, a multiple of 8 that is greater than all before.
func (e *RELREncoder) Add(site uint64) {
	if len(e.words) > 0 && site-e.next >= relrBits*8 && e.bits != 0 {
		e.words = append(e.words, e.bits<<1|1)
		e.next, e.bits = e.next+relrBits*8, 0
	}
	if len(e.words) == 0 || site-e.next >= relrBits*8 {
		e.words = append(e.words, site)
		e.next = site + 8
		return
	}
	e.bits |= 1 << ((site - e.next) / 8)
}

// Words returns the table, and makes that of e empty. It is in the memory that e uses again.
func (e *RELREncoder) Words() []uint64 {
	words := e.words
	if e.bits != 0 {
		words = append(words, e.bits<<1|1)
	}
	*e = RELREncoder{words: words[:0]}
	return words
}

// DecodeRELR calls visit with the address of each word that a DT_RELR table relocates, in the order of the table. The error is the first
// of visit. Addresses need not ascend, nor be in the program: that is for visit to judge.
// A bitmap at the beginning counts from address 0; bytes after the last whole entry are left out.
func DecodeRELR(table []byte, visit func(addr uint64) error) error {
	next := uint64(0) // the word after the last one covered
	for ; len(table) >= 8; table = table[8:] {
		e := le.Uint64(table)
		if e&1 == 0 {
			if err := visit(e); err != nil {
				return err
			}
			next = e + 8
			continue
		}
		for i, bits := uint64(0), e>>1; bits != 0; i, bits = i+1, bits>>1 {
			if bits&1 == 0 {
				continue
			}
			if err := visit(next + 8*i); err != nil {
				return err
			}
		}
		next += relrBits * 8
	}
	return nil
}
