package goobj

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// open opens the object of testdata for arch.
func open(t testing.TB, arch string) *Object {
	t.Helper()
	o, err := OpenObject(arch, read(t, arch), 0)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestObject compares what a view says of symbols with what Parse does.
func TestObject(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64", "riscv64"} {
		o := open(t, arch)
		f, err := Parse(arch, read(t, arch))
		if err != nil {
			t.Fatal(err)
		}
		if o.Header != f.Header || o.Flags != FlagAssembly || o.Main || o.Defs() != len(f.Symbols) {
			t.Errorf("%s: header %+v, flags %#x, main %v, %d symbols", arch, o.Header, o.Flags, o.Main, o.Defs())
		}
		for i, s := range f.Symbols {
			n := uint32(i)
			e := o.Sym(n)
			if o.SymName(n) != s.Name || o.IsNamed(n) != (s.Name != "") || e != (SymEntry{s.Kind, o.SymFlags(n), s.Size, s.Align}) ||
				o.SymKind(n) != s.Kind || (o.SymABI(n) == StaticABI) != s.Static ||
				!bytes.Equal(o.Data(n), s.Data) || int(o.DataSize(n)) != len(s.Data) {
				t.Errorf("%s: symbol %d is %s, want %+v", arch, i, o.SymName(n), s)
			}
			from, to := o.Relocs(n)
			if int(to-from) != len(s.Relocs) {
				t.Fatalf("%s: %s has %d relocations, want %d", arch, s.Name, to-from, len(s.Relocs))
			}
			for j, r := range s.Relocs {
				if got := o.Reloc(from + uint32(j)); got.Off() != r.Off || got.Size() != r.Size || got.Type() != r.Type || got.Add() != r.Add {
					t.Errorf("%s: %s: relocation %+v, want %+v", arch, s.Name, *got, r)
				}
			}
		}
		if files, err := o.Files(); err != nil || len(files) != 1 || !strings.HasSuffix(files[0], "hello_"+arch+".s") {
			t.Errorf("%s: files %q, error %v", arch, files, err)
		}
	}
}

// withText returns an object with the text between header line and "!".
func withText(t testing.TB, text string) []byte {
	t.Helper()
	good := read(t, "amd64")
	line, rest, _ := bytes.Cut(good, []byte("\n"))
	_, obj, _ := bytes.Cut(rest, []byte("!\n"))
	return []byte(string(line) + "\n" + text + "!\n" + string(obj))
}

// mainText is the text of an object that has all parts, with the end of the text in the export data, too.
const mainText = `build id "x"
main

$$B
export
!
data
$$

$$  // cgo
[["cgo_export_static","main"]]

$$
`

func TestObjectText(t *testing.T) {
	o, err := OpenObject("main", withText(t, mainText), 0)
	if err != nil {
		t.Fatal(err)
	}
	if !o.Main || len(o.Directives) != 1 || strings.Join(o.Directives[0], " ") != "cgo_export_static main" || o.Defs() == 0 {
		t.Errorf("main %v, directives %q, %d symbols", o.Main, o.Directives, o.Defs())
	}
	if _, err := OpenObject("x", withText(t, "\n$$  // cgo\n[[\n$$\n"), 0); err == nil || !strings.Contains(err.Error(), "cgo directives") {
		t.Errorf("error %v, want one about the directives", err)
	}
}

func TestObjectMalformed(t *testing.T) {
	good := read(t, "amd64")
	obj := bytes.Index(good, []byte(magic))
	block := func(i int) int { return obj + headerSize - 4*numBlocks + 4*i }
	at := func(i int) int { return obj + int(binary.LittleEndian.Uint32(good[block(i):])) }
	u32 := func(off int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[off:], v)
			return b
		}
	}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
		err    string
	}{
		{"no header", func(b []byte) []byte { return b[1:] }, "want a line that begins with"},
		{"no end of text", func(b []byte) []byte { return b[:obj-2] }, "the object is cut off"},
		{"cut off", func(b []byte) []byte { return b[:obj+20] }, "want the object file magic"},
		{"magic", func(b []byte) []byte { b[obj+1] = 'x'; return b }, "want the object file magic"},
		{"blocks descend", u32(block(blkFile), 3), "begins at 0x3"},
		{"block beyond the end", u32(block(blkEnd), 1<<30), "begins at 0x40000000"},
		{"size of a block", u32(block(blkFile), binary.LittleEndian.Uint32(good[block(blkFile):])+1), "want a multiple of 8"},
		{"index descends", u32(at(blkRelocIdx), 100), "index block 11 has"},
		{"index too large", u32(at(blkDataIdx+1)-4, 1<<30), "index block 13 has 1073741824"},
	} {
		o, err := OpenObject("x.o", tt.change(bytes.Clone(good)), 0)
		if o != nil || err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
	}
	o, err := OpenObject("x.o", u32(at(blkFile), 1<<31)(bytes.Clone(good)), 0)
	if err != nil {
		t.Fatal(err)
	}
	if files, err := o.Files(); err == nil || files != nil {
		t.Errorf("files %q beyond the end, error %v", files, err)
	}
}

// archive returns an archive with members of the given names, each with the content "x" and its name.
func archive(names ...string) []byte {
	b := []byte(archiveMagic)
	for _, n := range names {
		b = append(b, pad(n, 16)+pad("0", 12)+pad("0", 6)+pad("0", 6)+pad("644", 8)+pad(string(rune('0'+1+len(n))), 10)+memberEnd...)
		b = append(b, "x"+n...)
		if len(n)%2 == 0 {
			b = append(b, 0)
		}
	}
	return b
}

func pad(s string, n int) string { return s + strings.Repeat(" ", n-len(s)) }

func TestMembers(t *testing.T) {
	good := archive("a.o", "bc.o", "_")
	members, err := Members("x.a", good)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a.o", "bc.o", "_"} {
		m := members[i]
		if m.Name != want || string(m.Data) != "x"+want || string(good[m.Off:][:len(m.Data)]) != "x"+want {
			t.Errorf("member %d is %q with %q", i, m.Name, m.Data)
		}
	}
	for _, tt := range []struct {
		data []byte
		err  string
	}{
		{nil, "want an archive"},
		{good[:30], "no header of an archive member"},
		{good[:len(good)-1], `size "2         " of an archive member: want a number up to 1`},
		{bytes.Replace(good, []byte("4         `"), []byte("-1        `"), 1), `size "-1"`},
		{bytes.Replace(good, []byte("`\n"), []byte("xx"), 1), "no header of an archive member"},
	} {
		if m, err := Members("x.a", tt.data); m != nil || err == nil {
			t.Errorf("%q: %d members, error %v, want %q", tt.data, len(m), err, tt.err)
		}
	}
}

// FuzzObject demands that all methods of a view return, whatever the file.
func FuzzObject(f *testing.F) {
	for _, arch := range []string{"amd64", "arm64", "riscv64"} {
		f.Add(read(f, arch))
	}
	f.Add(withText(f, mainText))
	f.Fuzz(func(t *testing.T, data []byte) {
		var o *Object
		var err error
		fuzztest.Bounded(t, len(data), 64, func() { o, err = OpenObject("fuzz", data, 0) })
		if err != nil {
			return
		}
		fuzztest.Bounded(t, len(data), 64, func() {
			o.Imports()
			o.Packages()
			o.Files()
			o.RefFlags(func(Ref, SymFlags) {})
			for i := range uint32(o.All()) {
				if o.SymName(i) != "" && !o.IsNamed(i) {
					t.Error("a name of a symbol without one")
				}
				o.SymABI(i)
				if e := o.Sym(i); e.Kind != o.SymKind(i) || e.Flags != o.SymFlags(i) {
					t.Error("another kind or other flags")
				}
			}
			for i := range uint32(o.Defs()) {
				if len(o.Data(i)) != int(o.DataSize(i)) {
					t.Error("data of another size")
				}
				o.Touch(i)
				o.TouchContents(i)
				relocs := o.RelocData(i)
				for from, to := o.Relocs(i); from < to; from++ {
					if *o.Reloc(from) != *(*RawReloc)(relocs) || !o.Refers(i) {
						t.Error("another relocation")
					}
					relocs = relocs[RawRelocSize:]
				}
				for from, to := o.Auxs(i); from < to; from++ {
					o.Aux(from)
				}
			}
			var short, long int
			short += len(o.Hash64s()) / Hash64Size
			long += len(o.Hashes()) / HashSize
			if short != o.Count(Hashed64Defs) || long != o.Count(HashedDefs) {
				t.Errorf("%d and %d hashes, want %d and %d", short, long, o.Count(Hashed64Defs), o.Count(HashedDefs))
			}
		})
	})
}

func FuzzMembers(f *testing.F) {
	f.Add(archive("a.o", "bc.o"))
	f.Add([]byte(archiveMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzztest.Bounded(t, len(data), 64, func() {
			members, err := Members("fuzz", data)
			if members != nil && err != nil {
				t.Errorf("%d members and error %v", len(members), err)
			}
			for _, m := range members {
				if !bytes.Equal(m.Data, data[m.Off:][:len(m.Data)]) {
					t.Error("a member is not where it says")
				}
			}
		})
	})
}
