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

// PackSplit is Pack for any program and however small it is, so that two threads unpack it.
func PackSplit(f *goelf.File) ([]byte, error) {
	a, err := archOf(f)
	if err != nil {
		return nil, err
	}
	m, err := newImage(f, a)
	if err != nil {
		return nil, err
	}
	m.splitMin = 0
	return m.write()
}

// Tables is what the packed file data says of its payload.
type Tables struct {
	unpacker.Header
	Filters   []unpacker.Filter
	Blocks    []unpacker.Block
	FuncTable unpacker.FuncTable // list of the filter for the function table
	Start     uint64             // file offset that distances from the header count from
}

// ReadTables returns the tables of a packed file.
func ReadTables(name string, data []byte) (*Tables, error) {
	f, err := goelf.Parse(name, data)
	if err != nil {
		return nil, err
	}
	n, err := findNote(f)
	if err != nil {
		return nil, err
	}
	b := data[n.Header:n.End]
	t := &Tables{Start: n.Header}
	r := bytes.NewReader(b)
	if err := binary.Read(r, le, &t.Header); err != nil {
		return nil, err
	}
	t.Filters, t.Blocks = make([]unpacker.Filter, t.NFilters), make([]unpacker.Block, t.NBlocks)
	for _, v := range []any{make([]unpacker.Segment, t.NSegments), t.Filters, t.Blocks} {
		if err := binary.Read(r, le, v); err != nil {
			return nil, err
		}
	}
	for _, filter := range t.Filters {
		if filter.Kind == unpacker.FilterFuncTable {
			return t, binary.Read(bytes.NewReader(b[filter.List:]), le, &t.FuncTable)
		}
	}
	return t, nil
}
