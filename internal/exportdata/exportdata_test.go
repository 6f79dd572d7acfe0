package exportdata

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// readBlank returns what `go tool compile -o` wrote of
//
//	package blank
//
//	import _ "unsafe" // for go:linkname
//
//	//go:linkname nanotime runtime.nanotime
//	func nanotime() int64
//
//	func Now() int64 { return nanotime() }
func readBlank(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/blank.x")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBlankImport(t *testing.T) {
	got, err := Read("blank.x", readBlank(t))
	if want := (&Package{"example.com/blank", "blank", []string{"unsafe"}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v, want %+v", got, err, want)
	}
}

func TestRefused(t *testing.T) {
	blank := readBlank(t)
	data := bytes.Index(blank, []byte(dataBegin)) + len(dataBegin)
	replace := func(old, new string) []byte { return bytes.Replace(blank, []byte(old), []byte(new), 1) }
	put := func(off int, b ...byte) []byte { return slices.Concat(blank[:off], b, blank[off+len(b):]) }
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "blank.x: offset 0x0: want an archive that begins with __.PKGDEF"},
		{"object of -linkobj", replace("__.PKGDEF", "_go_.o   "), "give the file of `go tool compile -o`"},
		{"cut off", blank[:len(blank)/2], "of __.PKGDEF, want a number up to"},
		{"another release", replace("go1.26.8", "go1.99.9"), `made by Go "go1.99.9": its formats are not known`},
		{"text export data", replace("$$B\nu", "$$\n\n\n"), "holds no export data in the unified format"},
		{"another version", put(data, 3), "export data of version 3 with flags 0x0, want a version of go1.26"},
		{"sync markers", put(data+4, 1), "with flags 0x1"},
		{"too many elements", put(data+8+4*(numSections-1), 0xff, 0xff, 0xff), "elements, which"},
		{"element outside of the data", put(data+8+4*numSections, 0xff, 0xff, 0xff), "an element is at 0x0 to 0xff"},
		{"sections out of order", put(data+8, 0xff, 0xff), "section 1 ends before it begins"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if p, err := Read("blank.x", c.data); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("read %+v, %v, want %q", p, err, c.want)
			}
		})
	}
}

// FuzzRead takes any bytes as they are and as export data in an archive of the right size.
func FuzzRead(f *testing.F) {
	blank := readBlank(f)
	data := bytes.Index(blank, []byte(dataBegin)) + len(dataBegin)
	f.Add(blank, false)
	f.Add(blank[data:bytes.LastIndex(blank, []byte(dataEnd))], true)
	f.Fuzz(func(t *testing.T, b []byte, wrap bool) {
		if wrap {
			head := blank[len(archiveMagic)+entrySize : data]
			b = slices.Concat([]byte(fmt.Sprintf("%s%-48s%-10d`\n", archiveMagic, entryName, len(head)+len(b)+len(dataEnd))), head, b, []byte(dataEnd))
		}
		var p *Package
		var err error
		fuzztest.Bounded(t, len(b), 64, func() { p, err = Read("fuzz", b) })
		if (p == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want one of the two", p, err)
		}
	})
}
