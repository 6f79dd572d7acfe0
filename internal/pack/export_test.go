package pack

import (
	"bytes"
	"encoding/binary"

	"github.com/go3s/rules_go3s/internal/arch"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

const NoteVersion = noteVersion

// MendSums gives the packed file data the right checksums, so that fuzzing gets past them.
func MendSums(name string, data []byte) {
	f, err := goelf.Parse(name, data)
	if err != nil {
		return
	}
	n, err := findNote(f)
	if err != nil || n == nil || n.Header > n.End || n.End > uint64(len(data)) || n.End-n.Header < 8 ||
		(n.End-n.Header-8)%unpacker.SumUnit != 0 {
		return
	}
	payload := words(data[n.Header:n.End])
	var h unpacker.Header
	if _, err := binary.Decode(payload, le, &h); err != nil || h.DataStart() < 0 || h.DataStart() > len(payload) {
		return
	}
	h.DataSum = unpacker.Sum(payload[h.DataStart():])
	copy(payload, goelf.Encode(h))
	le.PutUint64(payload, unpacker.Sum(payload[8:h.DataStart()]))
	copy(data[n.Header:], payload)
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

// PackWith is Pack with another unpacker.
func PackWith(f *goelf.File, unpacker arch.Stub) ([]byte, error) {
	a, err := archOf(f)
	if err != nil {
		return nil, err
	}
	other := *a
	other.Unpacker = unpacker
	m, err := newImage(f, &other)
	if err != nil {
		return nil, err
	}
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
