package pack

import (
	"bytes"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// filterFuncTable replaces Go's function table in out, the image, by what the unpacker
// makes it of again. ok is false when there is no table or not one that the unpacker
// could restore; out is unchanged then.
func (m *image) filterFuncTable(out []byte) (f filter, ok bool) {
	table, err := gobin.ReadFuncTable(m.f)
	if err != nil {
		return filter{}, false
	}
	at := table.Addr - m.base
	if at > uint64(len(out)) || uint64(len(out))-at < goabi.PCHeaderFuncTab+8 {
		return filter{}, false
	}
	skip := le.Uint64(out[at+goabi.PCHeaderFuncTab:])
	if skip > uint64(len(out))-at {
		return filter{}, false
	}
	at += skip
	find, parts := m.findTable(table)
	for _, t := range []struct{ find, parts uint64 }{{find, parts}, {at, 0}} { // with the table that finds functions, or without
		for _, align := range []uint32{4, 8} {
			start := min(at, t.find)
			list := unpacker.FuncTable{Count: uint32(table.Len()), Table: uint32(at - start), Align: align, Find: uint32(t.find - start),
				Parts: uint32(t.parts)}
			if f, ok := filterTables(out, start, list); ok {
				return f, true
			}
		}
	}
	return filter{}, false
}

// findTable returns where in the image the table begins by which the runtime finds functions,
// and its number of parts, 0 when it is not there.
func (m *image) findTable(table *gobin.FuncTable) (start, parts uint64) {
	links, err := gobin.ReadLinks(m.f, table)
	if err != nil || links.FindFuncTab < m.base {
		return 0, 0
	}
	first, end := table.Span()
	size, parts := unpacker.FindSize(end - first)
	start = links.FindFuncTab - m.base
	if start > m.size || size > m.size-start {
		return 0, 0
	}
	return start, parts
}

// filterTables applies the filter with this list to the image from start on, if that
// can be undone.
func filterTables(out []byte, start uint64, list unpacker.FuncTable) (f filter, ok bool) {
	original := out[start:]
	changed := bytes.Clone(original)
	end, ok := unpacker.FuncTableDifferences(changed, list)
	if !ok {
		return filter{}, false
	}
	encoded := goelf.Encode(list)
	back := bytes.Clone(changed[:end])
	if !unpacker.Filtered(unpacker.FilterFuncTable, back, encoded) || !bytes.Equal(back, original[:end]) {
		return filter{}, false
	}
	copy(original, changed[:end])
	return filter{unpacker.Filter{Kind: unpacker.FilterFuncTable, Start: start, Size: uint64(end), ListSize: uint64(len(encoded))},
		encoded}, true
}
