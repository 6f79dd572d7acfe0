package pe_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/boot/petest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
)

var stub = petest.Stub(pe.AMD64)

func parse(t *testing.T, data []byte) *pe.Image {
	t.Helper()
	im, err := pe.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func TestDigest(t *testing.T) {
	// What the specification leaves out: the checksum and the directory entry of signatures, at 64 and 144 of the optional header.
	const optional = 64 + 24
	hashed := bytes.Join([][]byte{stub[:optional+64], stub[optional+68 : optional+144], stub[optional+152:]}, nil)
	if got, want := parse(t, stub).Digest(), sha256.Sum256(hashed); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestAddSections(t *testing.T) {
	added := []pe.NewSection{
		{".a", []byte("first"), pe.Data | pe.Read},
		{".linux", bytes.Repeat([]byte("k"), 5000), pe.Code | pe.Execute | pe.Read},
	}
	data, err := parse(t, stub).AddSections(added)
	if err != nil {
		t.Fatal(err)
	}
	im := parse(t, data)
	end := uint32(0)
	for i, s := range im.Sections {
		if s.VirtualAddress < end || s.VirtualAddress%petest.SectionAlign != 0 {
			t.Errorf("section %d is at %#x, and the one before ends at %#x", i, s.VirtualAddress, end)
		}
		end = s.VirtualAddress + s.VirtualSize
	}
	if size := binary.LittleEndian.Uint32(data[64+24+56:]); size < end || size%petest.SectionAlign != 0 {
		t.Errorf("the image has %#x bytes in memory, want %#x at least, aligned", size, end)
	}
	for _, a := range added {
		s, ok := im.Section(a.Name)
		if !ok || !bytes.Equal(im.Content(s), a.Content) || s.Characteristics != a.Characteristics {
			t.Errorf("%s: got %+v", a.Name, s)
		}
	}
	if _, err := im.AddSections(added[:1]); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("a section twice: %v", err)
	}
	many := make([]pe.NewSection, 40)
	if _, err := im.AddSections(many); err == nil || !strings.Contains(err.Error(), "no room for 40 more sections") {
		t.Errorf("many sections: %v", err)
	}
	if _, err := im.AddSections([]pe.NewSection{{".empty", nil, 0}}); err == nil || !strings.Contains(err.Error(), "want a name") {
		t.Errorf("no content: %v", err)
	}
}

func TestSignatures(t *testing.T) {
	im := parse(t, stub)
	want := [][]byte{[]byte("one"), []byte("another one")}
	data, err := im.WithSignatures(want)
	if err != nil {
		t.Fatal(err)
	}
	signed := parse(t, data)
	if got, err := signed.Signatures(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
	if signed.Digest() != im.Digest() {
		t.Error("signatures change the digest")
	}
	if again, err := signed.WithSignatures(nil); err != nil || !bytes.Equal(again, stub) {
		t.Errorf("without them it is not what it was: %v", err)
	}
}

// TestSignaturesRefused: no signature covers the signatures, so no byte among them may be without meaning.
func TestSignaturesRefused(t *testing.T) {
	im := parse(t, stub)
	signed, err := im.WithSignatures([][]byte{[]byte("signature")}) // 17 bytes with its head, and 7 of padding
	if err != nil {
		t.Fatal(err)
	}
	many, err := im.WithSignatures(slices.Repeat([][]byte{[]byte("signature")}, 17))
	if err != nil {
		t.Fatal(err)
	}
	put := func(at int, b byte) []byte {
		out := bytes.Clone(signed)
		out[len(stub)+at] = b
		return out
	}
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"padding", put(23, 1), "padding with byte 0x1, want 0"},
		{"size of the head", put(0, 7), "a signature of 7 bytes"},
		{"too large", put(0, 25), "a signature of 25 bytes"},
		{"too small", put(0, 9), "padding with byte 0x69, want 0"},
		{"revision", put(5, 1), "revision 0x100"},
		{"type", put(6, 3), "type 3"},
		{"too many", many, "after 16 signatures"},
	} {
		if got, err := parse(t, tt.data).Signatures(); err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %d signatures, error %v, want %q", tt.name, len(got), err, tt.want)
		}
	}
	const sizeOfSecond = 64 + 24 + 112 + 16*8 + 40 + 16
	odd := bytes.Clone(stub[:len(stub)-4])
	binary.LittleEndian.PutUint32(odd[sizeOfSecond:], petest.FileAlign-4)
	if _, err := parse(t, odd).WithSignatures([][]byte{[]byte("signature")}); err == nil || !strings.Contains(err.Error(), "no multiple of 8") {
		t.Errorf("sections that end anywhere: %v", err)
	}
}

func TestRefused(t *testing.T) {
	const coff, optional = 64, 64 + 24
	const table = optional + 112 + 16*8
	signed, err := parse(t, stub).WithSignatures([][]byte{[]byte("signature")})
	if err != nil {
		t.Fatal(err)
	}
	put16 := func(at int, v uint16) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint16(b[at:], v); return b }
	}
	put32 := func(at int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint32(b[at:], v); return b }
	}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
		want   string
	}{
		{"ELF", func(b []byte) []byte { copy(b, "\x7fELF"); return b }, `does not begin with "MZ"`},
		{"short", func(b []byte) []byte { return b[:63] }, `does not begin with "MZ"`},
		{"no header", put32(60, 1<<31), "no PE header"},
		{"header at the end", put32(60, 0x500), "no PE header"},
		{"machine", put16(coff+4, 0x14c), "unknown machine 0x14c"},
		{"PE32", put16(optional, 0x10b), "magic 0x10b, want PE32+"},
		{"subsystem", put16(optional+68, 3), "subsystem 3"},
		{"directories", put32(optional+108, 4), "4 data directories"},
		{"many directories", put32(optional+108, 1<<30), "data directories"},
		{"alignment", put32(optional+36, 3), "want powers of two"},
		{"no sections", put16(coff+6, 0), "0 sections"},
		{"many sections", put16(coff+6, 97), "97 sections"},
		{"headers", put32(optional+60, 1<<30), "in the 0x40000000 bytes of headers"},
		{"address", put32(table+12, 1<<31), "want less than 2 GiB"},
		{"gap", put32(table+20, 0x600), "other bytes may escape a signature"},
		{"beyond the end", put32(table+40+16, 0x10000), "other bytes may escape a signature"},
		{"cut off", func(b []byte) []byte { return b[:len(b)-8] }, "signatures at"},
		{"appended", func(b []byte) []byte { return append(b, make([]byte, 8)...) }, "signatures at"},
		{"place of signatures", put32(optional+144, 8), "signatures at"},
	} {
		im, err := pe.Parse(tt.change(bytes.Clone(signed)))
		if e := (*pe.FormatError)(nil); im != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

// FuzzParse checks that what Parse takes can be signed and gets sections, and is then taken again with the same digest.
func FuzzParse(f *testing.F) {
	signed, err := func() ([]byte, error) {
		im, err := pe.Parse(stub)
		if err != nil {
			return nil, err
		}
		return im.WithSignatures([][]byte{[]byte("signature")})
	}()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stub)
	f.Add(signed)
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzztest.Bounded(t, len(data), 64, func() {
			im, err := pe.Parse(data)
			if (im == nil) == (err == nil) {
				t.Fatalf("an image %v and an error %v", im != nil, err)
			}
			if err != nil {
				return
			}
			for _, s := range im.Sections {
				im.Content(s)
			}
			im.Signatures()
			if out, err := im.WithSignatures([][]byte{{1}}); err == nil {
				again, err := pe.Parse(out)
				if err != nil {
					t.Fatal(err)
				}
				if again.Digest() != im.Digest() {
					t.Fatal("a signature changes the digest")
				}
			}
			if out, err := im.AddSections([]pe.NewSection{{".fuzz", []byte{1}, pe.Data}}); err == nil {
				if _, err := pe.Parse(out); err != nil {
					t.Fatal(err)
				}
			}
		})
	})
}
