package goobj

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// testdata/hello_*.o are examples/asm_hello/hello_*.s, assembled by Go 1.26.8:
//
//	GOOS=linux GOARCH=… go tool asm -p main -trimpath "$PWD" -I "$(go env GOROOT)/pkg/include" -o … …
func read(t testing.TB, arch string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "hello_"+arch+".o"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		arch  string
		size  uint32
		reloc Reloc
	}{
		{"amd64", 40, Reloc{Off: 13, Size: 4, Type: RelocPCRel}},
		{"arm64", 48, Reloc{Off: 8, Size: 8, Type: RelocAddrARM64}},
		{"riscv64", 34, Reloc{Off: 6, Size: 8, Type: RelocRISCVPCRelIType}},
	} {
		t.Run(tt.arch, func(t *testing.T) {
			f, err := Parse(tt.arch, read(t, tt.arch))
			if err != nil {
				t.Fatal(err)
			}
			if f.GOOS != "linux" || f.GOARCH != tt.arch || f.Version != "go1.26.8" || f.Shared {
				t.Errorf("header %+v, shared %v", f.Header, f.Shared)
			}
			named := map[string]Symbol{}
			for _, s := range f.Symbols {
				if !s.Kind.IsDWARF() {
					named[s.Name] = s
				}
			}
			start, msg := named["_start"], named["msg"]
			if msg.Kind != KindROData || !msg.Static || string(msg.Data) != "Hello, World!\n" {
				t.Errorf("msg is %+v", msg)
			}
			if start.Kind != KindText || start.Static || start.Size != tt.size || len(start.Relocs) != 1 {
				t.Fatalf("_start is %+v", start)
			}
			r := start.Relocs[0]
			if f.Symbols[r.Target.Index].Name != "msg" || r.Target.Name != "msg" {
				t.Errorf("target %+v, want msg", r.Target)
			}
			if r.Target = (Target{}); r != tt.reloc {
				t.Errorf("relocation %+v, want %+v", r, tt.reloc)
			}
		})
	}
}

func TestParseMalformed(t *testing.T) {
	good := read(t, "amd64")
	obj := bytes.Index(good, []byte(magic))
	u32 := func(off int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[off:], v)
			return b
		}
	}
	block := func(i int) int { return obj + headerSize - 4*numBlocks + 4*i }
	at := func(i int) int { return obj + int(binary.LittleEndian.Uint32(good[block(i):])) }
	for _, tt := range []struct {
		name string
		edit func([]byte) []byte
		err  string
	}{
		{"empty", func([]byte) []byte { return nil }, "offset 0x0"},
		{"archive", func(b []byte) []byte { return append([]byte("!<arch>\n"), b...) }, "not made by the Go"},
		{"no bang line", func(b []byte) []byte { return bytes.Replace(b, []byte("\n!\n"), []byte("\n?\n"), 1) }, `no line "!"`},
		{"wrong magic", func(b []byte) []byte { return bytes.Replace(b, []byte("go120ld"), []byte("go999ld"), 1) }, "want the object file magic"},
		{"cut in the header", func(b []byte) []byte { return b[:obj+20] }, "a header of"},
		{"cut at the end", func(b []byte) []byte { return b[:len(b)-1] }, "block"},
		{"block after the end", u32(block(blkData), 1<<30), "block"},
		{"blocks not ascending", u32(block(blkSymDef), 0), "block"},
		{"name outside the file", u32(at(blkSymDef)+4, 1<<31), "string at"},
		{"name of huge length", u32(at(blkSymDef), 1<<32-1), "string at"},
		{"less size than data", u32(at(blkSymDef)+13, 1), "bytes of data in a size of 1"},
		{"data index descends", u32(at(blkDataIdx)+4, 1<<20), "not ascending"},
		{"relocation index past the end", u32(at(blkReloc)-4*30, 1<<20), "index block"},
		{"relocation outside the symbol", u32(at(blkReloc), 1<<20), "want it inside"},
		{"negative relocation offset", u32(at(blkReloc), 1<<31), "want it inside"},
		{"target without a name", u32(at(blkReloc)+15, 7), "which the file does not name"},
		{"target index too large", u32(at(blkReloc)+19, 1<<30), "which the file does not name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Parse("x.o", tt.edit(bytes.Clone(good)))
			var fe *FormatError
			if !errors.As(err, &fe) || f != nil || !strings.Contains(err.Error(), tt.err) || !strings.HasPrefix(err.Error(), "x.o: offset ") {
				t.Errorf("got %v, %v; want a FormatError with %q", f, err, tt.err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, a := range []string{"amd64", "arm64", "riscv64"} {
		f.Add(read(f, a))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var file *File
		var err error
		fuzztest.Bounded(t, len(b), 64, func() { file, err = Parse("fuzz", b) })
		if (file == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want one of the two", file, err)
		}
		if err != nil {
			return
		}
		for _, s := range file.Symbols {
			for _, r := range s.Relocs {
				if int(r.Off)+int(r.Size) > len(s.Data) || r.Target.Index >= len(file.Symbols) {
					t.Fatalf("relocation %+v outside %d bytes or %d symbols", r, len(s.Data), len(file.Symbols))
				}
			}
		}
	})
}
