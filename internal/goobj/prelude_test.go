package goobj

import (
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// object returns an object with that text before its symbols and these imports.
func object(text string, imports ...string) []byte {
	head := make([]byte, headerSize)
	copy(head, magic)
	var paths, list []byte
	for _, path := range imports {
		list = binary.LittleEndian.AppendUint32(list, uint32(len(path)))
		list = binary.LittleEndian.AppendUint32(list, uint32(headerSize+len(paths)))
		list = append(list, make([]byte, 8)...)
		paths = append(paths, path...)
	}
	for i := range numBlocks {
		off := headerSize + len(paths)
		if i > blkAutolib {
			off += len(list)
		}
		binary.LittleEndian.PutUint32(head[headerSize-4*numBlocks+4*i:], uint32(off))
	}
	return slices.Concat([]byte(text+"\n!\n"), head, paths, list)
}

func TestReadPrelude(t *testing.T) {
	const header = "go object linux amd64 go1.26.8"
	long := strings.Repeat("p", 12<<10)
	for _, test := range []struct {
		name       string
		data       []byte
		imports    []string
		directives [][]string
	}{
		{name: "nothing", data: object(header)},
		{name: "imports", data: object(header, "fmt", "example.com/p"), imports: []string{"fmt", "example.com/p"}},
		{
			name:       "directives",
			data:       object(header+"\n\n$$\n\n$$\n\n\n$$  // cgo\n"+`[["cgo_import_dynamic","f","g","lib.so"],["cgo_import_dynamic","_"]]`+"\n\n$$\n", "os"),
			imports:    []string{"os"},
			directives: [][]string{{"cgo_import_dynamic", "f", "g", "lib.so"}, {"cgo_import_dynamic", "_"}},
		},
		{name: "long", data: object(header+"\n"+long, "a"), imports: []string{"a"}},
	} {
		p, err := ReadPrelude("x.a", test.data, 0)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if p.Version != "go1.26.8" || !slices.Equal(p.Imports, test.imports) || !slices.EqualFunc(p.Directives, test.directives, slices.Equal) {
			t.Errorf("%s: got %+v", test.name, p)
		}
	}
}

func FuzzReadPrelude(f *testing.F) {
	f.Add(object("go object linux amd64 go1.26.8", "fmt"))
	f.Add(object("go object linux riscv64 go1.26.8\n\n$$  // cgo\n[[\"a\"]]\n\n$$\n"))
	asm, err := os.ReadFile("testdata/hello_amd64.o")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(asm)
	f.Fuzz(func(t *testing.T, data []byte) {
		var p *Prelude
		var err error
		fuzztest.Bounded(t, len(data), 64, func() { p, err = ReadPrelude("x.a", data, 0) })
		if (p == nil) == (err == nil) {
			t.Errorf("prelude %+v and error %v", p, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "x.a: offset ") {
			t.Errorf("error %v: want the file and an offset", err)
		}
	})
}
