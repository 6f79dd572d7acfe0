package gobin

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine returns text from a file for one line: if something in it is not printable, that is escaped as in a Go string.
func OneLine(text string) string {
	for _, r := range text {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return Printable(text)
		}
	}
	return text
}

// Printable returns a name from a file for a list: what is not printable, and a backslash, is escaped as in a Go
// string, and so is what means something else there, "#" and a space at an end. Different names stay different.
func Printable(name string) string {
	plain := true
	for _, r := range name {
		if r == utf8.RuneError || r == '\\' || r == '#' || !unicode.IsPrint(r) {
			plain = false
		}
	}
	if plain && strings.TrimSpace(name) == name {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		switch atEnd := i == 0 || i+n == len(name); {
		case r == utf8.RuneError && n == 1, r == '#', r == ' ' && atEnd:
			fmt.Fprintf(&b, "\\x%02x", name[i])
		case r == '\\':
			b.WriteString("\\\\")
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, "\\U%08x", r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}
