package docs

import (
	"go/scanner"
	"go/token"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

const maxColumns = 140

// TestLines: lines of code, comments and prose have at most maxColumns columns. Strings do not count, nor do tables, code and the
// targets of links in Markdown, and pages that are made by a command.
func TestLines(t *testing.T) {
	patterns := []string{"*.go", "*.bzl", "*.bazel", "*.sh", "*.s", "*.h", "*.md", "bazelw"}
	for _, file := range tracked(t, patterns...) {
		if strings.Contains(file, "testdata/") {
			continue
		}
		for i, line := range strings.Split(counted(file, read(t, file)), "\n") {
			if n := utf8.RuneCountInString(line); n > maxColumns {
				t.Errorf("%s:%d: %d columns besides strings, want at most %d", file, i+1, n, maxColumns)
			}
		}
	}
}

var (
	generated = regexp.MustCompile("(?m)\\A.*\n\n<!-- Made by|^// Code generated ")
	quoted    = regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"|'[^'\n]*'`)
	table     = regexp.MustCompile(`(?m)^ *\|.*$`)
	target    = regexp.MustCompile(`\]\([^()\n]*\)`)
)

// counted returns the text of a file without what does not count; newlines stay.
func counted(file, text string) string {
	switch {
	case generated.MatchString(text):
		return ""
	case strings.HasSuffix(file, ".go"):
		return withoutStrings(text)
	case strings.HasSuffix(file, ".md"):
		blank := func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) }
		text = regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllStringFunc(text, blank)
		return target.ReplaceAllString(table.ReplaceAllString(text, ""), "]")
	}
	return quoted.ReplaceAllString(text, "")
}

// withoutStrings returns Go source without its strings.
func withoutStrings(text string) string {
	var s scanner.Scanner
	set := token.NewFileSet()
	f := set.AddFile("", -1, len(text))
	s.Init(f, []byte(text), nil, 0)
	var b strings.Builder
	last := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return b.String() + text[last:]
		}
		if tok == token.STRING {
			at := f.Offset(pos)
			b.WriteString(text[last:at] + strings.Repeat("\n", strings.Count(lit, "\n")))
			last = at + len(lit)
		}
	}
}

// TestREADME: what is more than a reader takes in at once belongs on a page of its own.
func TestREADME(t *testing.T) {
	const most = 120
	if n := strings.Count(read(t, "README.md"), "\n"); n > most {
		t.Errorf("README.md has %d lines, want at most %d: move what is new to a page and link it", n, most)
	}
}

func TestCounted(t *testing.T) {
	for _, test := range []struct{ file, text, want string }{
		{"a.go", "x := `a\nb` + \"c\" // d", "x := \n +  // d"},
		{"a.md", "| a |\n[x](y)\n```\ncode\n```\nz", "\n[x]\n\n\n\nz"},
		{"a.md", "# T\n\n<!-- Made by x. -->\nlong", ""},
		{"a.sh", `echo "a" 'b' # c`, "echo   # c"},
	} {
		if got := counted(test.file, test.text); got != test.want {
			t.Errorf("%s: %q: found %q, want %q", test.file, test.text, got, test.want)
		}
	}
}
