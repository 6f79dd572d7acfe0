package pack

import (
	"bytes"

	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// funcTableField is the offset, in the header of Go's function table, of the distance
// to the pairs and records (package gobin, "Function table").
const funcTableField = 64

// filterFuncTable replaces the words of Go's function table in out, the image, by
// differences. ok is false when there is no table or not one that the unpacker
// could restore; out is unchanged then.
func (m *image) filterFuncTable(out []byte) (f filter, ok bool) {
	table, err := gobin.ReadFuncTable(m.f)
	if err != nil {
		return filter{}, false
	}
	at := table.Addr - m.base
	if at > uint64(len(out)) || uint64(len(out))-at < funcTableField+8 {
		return filter{}, false
	}
	skip := le.Uint64(out[at+funcTableField:])
	if skip > uint64(len(out))-at {
		return filter{}, false
	}
	start := at + skip
	original := out[start:]
	changed := bytes.Clone(original)
	end, ok := unpacker.FuncTableDifferences(changed, table.Len())
	if !ok {
		return filter{}, false
	}
	list := le.AppendUint32(nil, uint32(table.Len()))
	back := bytes.Clone(changed[:end])
	if !unpacker.Filtered(unpacker.FilterFuncTable, back, list) || !bytes.Equal(back, original[:end]) {
		return filter{}, false
	}
	copy(original, changed[:end])
	return filter{unpacker.Filter{Kind: unpacker.FilterFuncTable, Start: start, Size: uint64(end), ListSize: uint64(len(list))}, list}, true
}
