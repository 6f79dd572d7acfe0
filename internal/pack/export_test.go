package pack

import (
	"bytes"
	"encoding/binary"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

const NoteVersion = noteVersion

// MendSum gives the packed file data the right checksum, so that fuzzing gets past it.
func MendSum(name string, data []byte) {
	f, err := goelf.Parse(name, data)
	if err != nil {
		return
	}
	n, err := findNote(f)
	if err != nil || n == nil || n.Header > n.End || n.End > uint64(len(data)) || n.End-n.Header < 8 || (n.End-n.Header-8)%unpacker.SumUnit != 0 {
		return
	}
	le.PutUint64(data[n.Header:], unpacker.Sum(data[n.Header+8:n.End]))
}

// FuncTable returns the list of the filter for the function table in the packed file
// data, nil when it has none.
func FuncTable(name string, data []byte) (*unpacker.FuncTable, error) {
	f, err := goelf.Parse(name, data)
	if err != nil {
		return nil, err
	}
	n, err := findNote(f)
	if err != nil {
		return nil, err
	}
	b := data[n.Header:n.End]
	var h unpacker.Header
	r := bytes.NewReader(b)
	if err := binary.Read(r, le, &h); err != nil {
		return nil, err
	}
	if err := binary.Read(r, le, make([]unpacker.Segment, h.NSegments)); err != nil {
		return nil, err
	}
	for range h.NFilters {
		var filter unpacker.Filter
		if err := binary.Read(r, le, &filter); err != nil {
			return nil, err
		}
		if filter.Kind == unpacker.FilterFuncTable {
			t := &unpacker.FuncTable{}
			return t, binary.Read(bytes.NewReader(b[filter.List:]), le, t)
		}
	}
	return nil, nil
}
