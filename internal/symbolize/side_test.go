package symbolize

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/pcln"
)

var le = binary.LittleEndian

const (
	buildID  = "0123456789abcdef"
	textAddr = 0x1000
	funcSize = 0x40 // bytes of each of functions
)

// A function is one of the program that the tests are about. It has a file of its
// own, which is named like it, and is on line 10 in its first half, on line 20 in the
// other.
type function struct {
	name    string
	id      byte   // funcID
	args    bool   // has arguments
	inlined string // function that is called on line 10 and inlined: the second half
}

var functions = []function{
	{name: "runtime.gopanic", args: true},
	{name: "runtime.sigpanic"},
	{name: "runtime.mallocgc", args: true},
	{name: "internal/runtime/maps.grow"},
	{name: "reflect.Value.Len", args: true},
	{name: "main.(*T).M", id: 23},
	{name: "main.generic[go.shape.int]", args: true},
	{name: "main.load", args: true},
	{name: "main.main", inlined: "main.small"},
}

// parts returns the parts of a side file about functions (internal/pcln/symbols.go).
func parts() [][]byte {
	const none = ^uint32(0)
	const half = funcSize / 2
	var names, cutab, files, table, records []byte
	// Tables from instructions to values: zigzag-coded differences, and for how many bytes.
	pctab := []byte{0, 22, half, 20, half, 0, 2, funcSize, 0, 0, half, 2, half, 0}
	const line, file, inlined = 1, 6, 9
	gofunc := []byte{0, 8, 0xff, 0xff} // one argument of 8 bytes at offset 0; none
	const oneArgument, noArgument = 0, 3
	addName := func(s string) uint32 {
		at := len(names)
		names = append(append(names, s...), 0)
		return uint32(at)
	}
	for i, f := range functions {
		record := len(functions)*8 + 4 + len(records)
		table = le.AppendUint32(le.AppendUint32(table, uint32(i*funcSize)), uint32(record))
		cutab = le.AppendUint32(cutab, uint32(len(files)))
		files = append(fmt.Append(files, f.name, ".go"), 0)
		arguments, tree, indices := uint32(noArgument), none, uint32(0)
		if f.args {
			arguments = oneArgument
		}
		if f.inlined != "" {
			gofunc = append(gofunc, make([]byte, -len(gofunc)&3)...)
			tree, indices = uint32(len(gofunc)), inlined
			for _, word := range []uint32{0, addName(f.inlined), half / 2, 9} { // funcID, name, caller's place, start line
				gofunc = le.AppendUint32(gofunc, word)
			}
		}
		for _, word := range []uint32{uint32(i * funcSize), addName(f.name), 0, 0, 0, file, line, 3, uint32(i), 5} {
			records = le.AppendUint32(records, word)
		}
		records = append(records, f.id, 0, 0, 6)
		for _, word := range []uint32{0, 0, indices, none, none, none, tree, none, arguments} {
			records = le.AppendUint32(records, word)
		}
	}
	table = le.AppendUint32(table, uint32(len(functions)*funcSize))
	return [][]byte{names, cutab, files, pctab, append(table, records...), gofunc}
}

// sideFile returns a side file of the parts after the second line header.
func sideFile(header string, parts [][]byte) []byte {
	var b bytes.Buffer
	b.WriteString("go3s symbols 1\n" + header + "\n")
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		panic(err)
	}
	for _, p := range parts {
		z.Write(binary.AppendUvarint(nil, uint64(len(p))))
		z.Write(p)
	}
	z.Close()
	return b.Bytes()
}

var sideHeader = fmt.Sprintf(`{"build_id":%q,"go_version":"go1.26.8","goarch":"amd64","pie":true,"text":%d,"instruction":1,"functions":%d}`, buildID, textAddr, len(functions))

func newSymbolizer(t testing.TB) *Symbolizer {
	t.Helper()
	symbols, err := pcln.ReadSymbols("test", sideFile(sideHeader, parts()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(symbols, goabi.Refuse)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// alias returns what the function of that name is called in the program.
func (s *Symbolizer) alias(t testing.TB, name string) string {
	t.Helper()
	for alias, f := range s.byAlias {
		if f.Name == name {
			return alias
		}
	}
	t.Fatalf("no function %s", name)
	return ""
}
