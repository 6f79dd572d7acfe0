package compare

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// cut makes a text of pieces.
func cut(pieces ...string) *text {
	var all []byte
	var starts []int
	var users []map[string]bool
	for _, p := range pieces {
		starts = append(starts, len(all))
		all = append(all, p...)
		users = append(users, map[string]bool{"main.main": true})
	}
	return newText(all, starts, users)
}

func TestTextHas(t *testing.T) {
	other := cut("a", "bc", "evil", "https://example.com/a", "0123456789abcdef0123456789", "padded\x00\x00", "contains,", `"name":`, "the end")
	for _, tt := range []struct {
		name string
		text *text
		want []bool // of each piece
	}{
		{"the same", cut("a", "evil"), []bool{true, true}},
		{"another order", cut("evil", "a"), []bool{true, true}},
		{"cut inside", cut("ev", "il"), []bool{true, true}},
		{"part of another", cut("vil"), []bool{false}},
		{"longer", cut("evils"), []bool{false}},
		{"shorter", cut("https://example.com/", "x"), []bool{false, false}},
		{"start of the next not referred to", cut("a", "bcev", "il", "https://example.com/a"), []bool{true, true, true, true}},
		{"start not referred to anywhere", cut("a,", `"name":`, "contains", "evil"), []bool{true, true, true, true}},
		{"start not referred to anywhere, but another", cut("a;", `"name":`, "contains", "evil"), []bool{false, true, false, true}},
		{"start not referred to anywhere, after what is nowhere else", cut("a,", `"name":`, "evil"), []bool{false, true, true}},
		{"padding", cut("a", "evil\x00\x00\x00"), []bool{true, true}},
		{"other padding", cut("padded\x00"), []bool{true}},
		{"zeros that are no padding", cut("evil" + strings.Repeat("\x00", 32)), []bool{false}},
		{"other", cut("a", "good"), []bool{true, false}},
	} {
		var got []bool
		for i := range tt.text.users {
			got = append(got, other.has(tt.text, i))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: has = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestHasImmediate(t *testing.T) {
	p := &Program{constants: []byte("..GODEBUG=..time.Loc..cation(.."), parts: map[uint64]bool{0x646e6f6d: true}} // "mond"
	texts := map[string]bool{
		"GODEBUG=":       true,
		"GODEBUG=x":      true,  // the rest is shorter than 4 bytes
		"GODEBUG=xyzw":   false, // it is not
		"time.Location(": true,  // by 8, 4 and 2 bytes
		"time.Localized": false,
		"monday":         true, // put together from parts
		"mon":            true,
		"evil command":   false,
	}
	check := func() {
		t.Helper()
		for s, want := range texts {
			if got := p.hasImmediate(s); got != want {
				t.Errorf("hasImmediate(%q) = %v, want %v", s, got, want)
			}
		}
	}
	check()
	// All at once comes to the same, and then nothing else is looked at.
	p.searched = map[string]bool{}
	p.searchPieces(slices.Collect(maps.Keys(texts)))
	p.constants = nil
	check()
}

func TestExplainTemps(t *testing.T) {
	program := func(contents ...string) *Program {
		p := &Program{data: map[string][]datum{}, temps: map[string][]byte{}}
		p.parts = map[uint64]bool{0x1122334455667788: true, 0x1122334455667799: true}
		for _, c := range contents {
			p.data["main"+temp] = append(p.data["main"+temp], datum{content: c})
			p.temps[c] = map[string][]byte{
				"second number": []byte("\x99\x77\x66\x55\x44\x33\x22\x11"),
				"text":          []byte("\x00\x10\x40\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00"),
				"number":        []byte("\x88\x77\x66\x55\x44\x33\x22\x11"),
				"other":         []byte("\x01\x77\x66\x55\x44\x33\x22\x11"),
				"no piece":      []byte("\x00\x00\x00\x00\x44\x33\x22\x11\x01\x02\x03\x04"),
			}[c]
		}
		return p
	}
	elsewhere := func(contents ...string) *Program {
		p := program(contents...)
		p.data["other"+temp], p.data["main"+temp] = p.data["main"+temp], nil
		return p
	}
	for _, tt := range []struct {
		name string
		p, q *Program
		rule string
	}{
		{"more of the same", program("text", "text"), program("text"), "copies"},
		{"one more, and others", program("number", "text"), program("text", "text", "number", "number"), "copies"},
		{"none", program("text"), program(), ""},
		{"by another name", program("text"), elsewhere("text"), "copies"},
		{"in instructions", program("text", "number"), program("text"), "immediate"},
		{"more, and one in instructions", program("text", "text", "number"), program("text"), "immediate"},
		{"more, and another", program("text", "text", "no piece"), program("text"), ""},
		{"another in its place", program("number"), program("other"), ""},
		{"another in its place, both in instructions", program("number"), program("second number"), "immediate"},
		{"another in its place, and more of the same", program("number", "text", "text"), program("other", "text"), ""},
	} {
		c := &comparison{programs: []*Program{tt.p, tt.q}}
		if rule, _ := c.explainTemps("main" + temp); rule != tt.rule {
			t.Errorf("%s: rule %q, want %q", tt.name, rule, tt.rule)
		}
		if rule, _ := c.explainTemps("main.variable"); rule != "" {
			t.Errorf("%s: rule %q for a variable", tt.name, rule)
		}
	}
}
