package suffixtab

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

func TestTable(t *testing.T) {
	for _, test := range []struct {
		head      string
		terminate bool
		strings   []string
		want      string
	}{
		{"\x00", true, nil, "\x00"},
		{"\x00", true, []string{"", "b", "ab", "c", "ab"}, "\x00c\x00ab\x00"},
		{"first\x00", true, []string{"first", "rst", ""}, "first\x00first\x00"},
		{"\x00", false, []string{"\x02\x05\x00", "\x07\x02\x05\x00", "\x00"}, "\x00\x07\x02\x05\x00"},
		{"", false, []string{"b", "ab"}, "ab"},
	} {
		for _, reverse := range []bool{false, true} {
			table := New([]byte(test.head), test.terminate)
			ids := make([]int, len(test.strings))
			for i := range test.strings {
				if reverse {
					i = len(test.strings) - 1 - i
				}
				ids[i] = table.Add(test.strings[i])
			}
			table.Finish()
			if got := string(table.Data()); got != test.want {
				t.Errorf("%q: table %q, want %q", test.strings, got, test.want)
			}
			for i, s := range test.strings {
				want := s
				if test.terminate {
					want += "\x00"
				}
				if off := table.Offset(ids[i]); !bytes.HasPrefix(table.Data()[off:], []byte(want)) {
					t.Errorf("%q: %q is at %d of %q", test.strings, s, off, table.Data())
				}
			}
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("ab,b,c"), true)
	f.Fuzz(func(t *testing.T, list []byte, terminate bool) {
		table := New([]byte{0}, terminate)
		parts := bytes.Split(list, []byte{','})
		fuzztest.Bounded(t, len(list), 256, func() {
			for i, p := range parts {
				if id := table.Add(string(p)); id != i {
					t.Fatal(fmt.Sprint("id ", id))
				}
			}
			table.Finish()
		})
		for i, p := range parts {
			if terminate && bytes.IndexByte(p, 0) < 0 {
				p = append(bytes.Clone(p), 0)
			}
			if off := table.Offset(i); int(off) > len(table.Data()) || !bytes.HasPrefix(table.Data()[off:], p) {
				t.Fatalf("%q is not at %d of %q", p, off, table.Data())
			}
		}
	})
}
