package sdkcheck

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// The tables in the tree are as they are written.
func TestTables(t *testing.T) {
	if got := Series(); !slices.Equal(got, []string{"go1.26", "go1.27"}) {
		t.Errorf("tables of %q", got)
	}
	known := map[key]bool{}
	for _, series := range Series() {
		tab, err := tableOf(series)
		if err != nil {
			t.Fatal(err)
		}
		text, err := tableFiles.ReadFile(series + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if tab.series != series || !bytes.Equal(tab.format(), text) {
			t.Errorf("%s.txt is of %s, or not as it is written: run go run ./internal/sdkcheck/update", series, tab.series)
		}
		if len(tab.layout) == 0 {
			t.Errorf("%s.txt has no layout: run update with -canary", series)
		}
		for k := range tab.groups[formatGroup] {
			known[k] = true
		}
	}
	for _, w := range formats {
		if !slices.ContainsFunc(sortedKeys(known), func(k key) bool { return k.file == w.path || strings.HasPrefix(k.file, w.path+"/") }) {
			t.Errorf("watch.go names %s, of which no table has anything", w.path)
		}
		for _, name := range w.names {
			if !known[key{w.path, name}] {
				t.Errorf("watch.go names %q in %s, which no table has", name, w.path)
			}
		}
	}
}

const small = `# comment
series go1.26
releases 0-2,5
formats
file a/a.go
00000000000000000002 0 func f
00000000000000000003 1-2,5 func f
00000000000000000001 * type T
readers
file b.go
00000000000000000004 5 func g
layout
runtime.moduledata 592
sections .text .rodata
`

func TestParseTable(t *testing.T) {
	tab, err := parseTable("go1.26.txt", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(tab.format()); got[strings.Index(got, "series"):] != small[strings.Index(small, "series"):] {
		t.Errorf("written again:\n%s", got)
	}
	for _, tt := range []struct{ old, new, err string }{
		{"series go1.26\n", "", "is missing"},
		{"series go1.26\n", "series one\n", `go1.26.txt:2: found "series one"`},
		{"releases 0-2,5\n", "releases 2-0\n", "ascending"},
		{"releases 0-2,5\n", "releases 0-2,2\n", "ascending"},
		{"releases 0-2,5\n", "releases 0-99999\n", "ascending"},
		{"releases 0-2,5\n", "", "is missing"},
		{"formats\n", "", "a line of the format"},
		{"file a/a.go\n", "", "a line of the format"},
		{"00000000000000000001 * type T\n", "1 * type T\n", "a line of the format"},
		{"00000000000000000001 * type T\n", "00000000000000000001 *\n", "a line of the format"},
		{"00000000000000000002 0 func f\n", "00000000000000000002 x func f\n", "ascending"},
		{"sections .text", "runtime.moduledata", "each fact once"},
		{"readers\nfile b.go\n00000000000000000004 5 func g\n", "", "is missing"},
	} {
		_, err := parseTable("go1.26.txt", []byte(strings.Replace(small, tt.old, tt.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q in place of %q: error %v, want %q", tt.new, tt.old, err, tt.err)
		}
	}
}

// Releases can be added in any order, and again.
func TestAdd(t *testing.T) {
	sdk := func(version, f string, more ...string) *SDK {
		s := &SDK{Version: version, Series: "go1.26", formats: map[key]string{{"a.go", "func f"}: strings.Repeat(f, digestLen)},
			readers: map[key]string{{"b.go", "func g"}: strings.Repeat("0", digestLen)}}
		for _, name := range more {
			s.formats[key{"a.go", name}] = strings.Repeat("0", digestLen)
		}
		return s
	}
	sdks := []*SDK{sdk("go1.26.0", "1"), sdk("go1.26.1", "2", "func h"), sdk("go1.26.2", "2", "func h"), sdk("go1.26.3", "1")}
	var want string
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1, 2, 2, 0}} {
		tab := newTable("go1.26")
		for _, i := range order {
			if err := tab.add(sdks[i]); err != nil {
				t.Fatal(err)
			}
			text := tab.format()
			again, err := parseTable("t", text)
			if err != nil || !bytes.Equal(again.format(), text) {
				t.Fatalf("%v: read again: %v\n%s", order, err, text)
			}
			tab = again
		}
		if want == "" {
			want = string(tab.format())
		}
		if got := string(tab.format()); got != want {
			t.Errorf("%v:\n%s\nwant\n%s", order, got, want)
		}
	}
	one, zero := strings.Repeat("1", digestLen), strings.Repeat("0", digestLen)
	for _, line := range []string{"releases 0-3\n", one + " 0,3 func f\n", zero + " 1-2 func h\n"} {
		if !strings.Contains(want, line) {
			t.Errorf("no line %q in\n%s", line, want)
		}
	}
	if err := newTable("go1.27").add(sdks[0]); err == nil {
		t.Error("go1.26.0 was added to the table of go1.27")
	}
}
