package strip_test

import "testing"

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		glob, name string
		want       bool
	}{
		{"abc", "abc", true},
		{"abc", "abcd", false},
		{"abc", "ab", false},
		{"", "", true},
		{"*", "", true},
		{"*", "any/thing", true},
		{"a*c", "abbc", true},
		{"a*c", "abbcd", false},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"a*bc", "abcbc", true},
		{"**", "x", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"?", "", false},
		{"[abc]x", "bx", true},
		{"[abc]x", "dx", false},
		{"[a-c]x", "bx", true},
		{"[a-c]x", "dx", false},
		{"[!a-c]x", "dx", true},
		{"[^a-c]x", "bx", false},
		{"[]a]", "]", true},
		{"[a-]", "-", true},
		{"[a-]", "b", false},
		{`[\]]`, "]", true},
		{"[ab", "[ab", true},
		{"[", "[", true},
		{"[", "", false},
		{`\*`, "*", true},
		{`\*`, "x", false},
		{`a\`, `a\`, true},
		{"go:func.*", "go:func.*", true},
		{"runtime.*", "runtime.(*mheap).alloc", true},
	} {
		p := globs(test.glob)
		if got := p.Match(test.name); got != test.want {
			t.Errorf("%q matches %q: %v, want %v", test.glob, test.name, got, test.want)
		}
	}
}

func TestNamesAreNoGlobs(t *testing.T) {
	p := names("go:func.*", "!x")
	for name, want := range map[string]bool{"go:func.*": true, "go:func.x": false, "!x": true, "x": false} {
		if got := p.Match(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

func TestExcluding(t *testing.T) {
	p := globs("!*.skip", "a*")
	for name, want := range map[string]bool{"abc": true, "abc.skip": false, "b": false} {
		if got := p.Match(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
