package elf

import (
	"bytes"
	"debug/elf"
	"unsafe"
)

// strtabBlock is the distance in bytes between two entries of StringTable.next.
const strtabBlock = 1024

// A StringTable is the contents of an SHT_STRTAB section (gABI 4, "String
// Table"): strings ended by NUL, referred to by byte offset.
//
// A hostile file can let each of a million symbols point into one string of a
// hundred megabytes. So strings are not copied but share the table's memory,
// and the table remembers where the next NUL is at every block boundary, which
// bounds a look-up to the scan of one block.
type StringTable struct {
	data []byte
	next []int // next[b] is the offset of the first NUL at or after b*strtabBlock, -1 for none
}

// StringTable returns the string table in section s. It fails when s is not of
// type SHT_STRTAB, or compressed.
func (f *File) StringTable(s *Section) (*StringTable, error) {
	if t := elf.SectionType(s.Type); t != elf.SHT_STRTAB {
		return nil, f.errorf(f.sectionField(s.Index, 4), "section [index %d] has type %v, want %v: it is used as a string table", s.Index, t, elf.SHT_STRTAB)
	}
	data, err := f.plainData(s)
	if err != nil {
		return nil, err
	}
	return newStringTable(data), nil
}

func newStringTable(data []byte) *StringTable {
	t := &StringTable{data: data, next: make([]int, (len(data)+strtabBlock-1)/strtabBlock)}
	nul := -1
	for b := len(t.next) - 1; b >= 0; b-- {
		start := b * strtabBlock
		if i := bytes.IndexByte(data[start:min(start+strtabBlock, len(data))], 0); i >= 0 {
			nul = start + i
		}
		t.next[b] = nul
	}
	return t
}

// At returns the string that starts at byte offset off. It reports false when
// off is outside the table or no NUL follows. Offset 0 of an empty table is the
// empty string, as gABI 4 allows.
func (t *StringTable) At(off uint32) (string, bool) {
	if off == 0 && len(t.data) == 0 {
		return "", true
	}
	if uint64(off) >= uint64(len(t.data)) {
		return "", false
	}
	start := int(off)
	block := start / strtabBlock
	rest := t.data[start:min((block+1)*strtabBlock, len(t.data))]
	end := start + bytes.IndexByte(rest, 0)
	if end < start { // none in this block
		if block+1 == len(t.next) || t.next[block+1] < 0 {
			return "", false
		}
		end = t.next[block+1]
	}
	return unsafe.String(unsafe.SliceData(t.data[start:]), end-start), true
}
