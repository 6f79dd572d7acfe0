package strip_test

import (
	"bytes"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	. "github.com/go3s/rules_go3s/internal/strip"
)

// Any file is either refused, or rewritten into one for which everything holds
// that checkOutput checks.
func FuzzStrip(f *testing.F) {
	for _, spec := range executables() {
		for bits := range uint16(32) {
			f.Add(spec.Build().Data, bits)
		}
		for bit := 11; bit < 15; bit++ {
			f.Add(spec.Build().Data, uint16(1)<<bit)
		}
	}
	for _, c := range elftest.Malformed() {
		f.Add(c.Data, uint16(All))
	}
	f.Fuzz(func(t *testing.T, data []byte, bits uint16) {
		o := &Options{
			Mode:       Mode(bits & 3),
			Discard:    Discard(bits >> 2 & 3 % 3),
			DropGoFunc: bits&(1<<4) != 0,
		}
		if bits&(1<<5) != 0 {
			o.KeepSymbols = globs("*a*")
		}
		if bits&(1<<6) != 0 {
			o.StripSymbols = globs("*t*")
		}
		if bits&(1<<7) != 0 {
			o.RemoveSections = globs(".comment", ".debug_i*")
		}
		if bits&(1<<8) != 0 {
			o.KeepSections = globs(".debug_l*")
		}
		if bits&(1<<9) != 0 {
			o.DebugLink = &DebugLink{Name: "name", CRC: 1}
		}
		if bits&(1<<10) != 0 {
			*o = Options{OnlyKeepDebug: true}
		}
		o.AddGoFunc = bits&(1<<11) != 0
		if bits&(1<<12) != 0 {
			o.Edits.Add = []Contents{{Section: ".added", Data: []byte("added")}}
		}
		if bits&(1<<13) != 0 {
			o.Edits.Update = []Contents{{Section: ".comment", Data: make([]byte, 100)}}
		}
		if bits&(1<<14) != 0 {
			o.Edits.Rename = []Renaming{{Old: ".debug_line", New: ".renamed"}}
		}
		file, err := goelf.Parse("fuzz", data)
		if err != nil {
			return
		}
		var out *Output
		fuzztest.Bounded(t, len(data), 64, func() { out, err = Strip(file, o) })
		if (out == nil) == (err == nil) {
			t.Fatalf("output: %v, error: %v; want one of them", out != nil, err)
		}
		if err != nil {
			return
		}
		if out.Size > uint64(len(data))+1<<20 && !o.OnlyKeepDebug {
			t.Fatalf("output of %d bytes for an input of %d", out.Size, len(data))
		}
		var b bytes.Buffer
		if err := out.Write(&b, bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		joined := b.Bytes()
		if o.OnlyKeepDebug || bits>>11&15 != 0 {
			if _, err := goelf.Parse("output", joined); err != nil {
				t.Fatal(err)
			}
			return
		}
		checkOutput(t, data, joined, o)
	})
}
