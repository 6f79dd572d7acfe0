package strip

import "strings"

// Patterns is a set of names of symbols or sections. The zero value matches
// nothing.
type Patterns struct {
	names   map[string]bool
	globs   []string
	unglobs []string // names that match one of these do not match
}

// AddName adds exactly that name.
func (p *Patterns) AddName(name string) {
	if p.names == nil {
		p.names = map[string]bool{}
	}
	p.names[name] = true
}

// AddGlob adds all names that match a shell pattern: "*" stands for any string
// (slashes included, unlike in path.Match), "?" for any character, "[a-z]" for
// one of a set, "[!a-z]" for one outside of it, and "\" takes the special
// meaning away from the character after it. A pattern that starts with "!"
// excludes names that the other patterns match.
func (p *Patterns) AddGlob(glob string) {
	if rest, ok := strings.CutPrefix(glob, "!"); ok {
		p.unglobs = append(p.unglobs, rest)
		return
	}
	p.globs = append(p.globs, glob)
}

// Empty reports whether nothing was added.
func (p *Patterns) Empty() bool { return len(p.names)+len(p.globs)+len(p.unglobs) == 0 }

// Match reports whether name is in the set.
func (p *Patterns) Match(name string) bool {
	return (p.names[name] || matchAny(p.globs, name)) && !matchAny(p.unglobs, name)
}

func matchAny(globs []string, name string) bool {
	for _, glob := range globs {
		if matchGlob(glob, name) {
			return true
		}
	}
	return false
}

// matchGlob matches byte by byte. On a mismatch it goes back to the last "*"
// only, which is enough, and keeps the time at len(glob)*len(name) at most.
func matchGlob(glob, name string) bool {
	g, n := 0, 0
	starG, starN := -1, 0 // glob after the last "*", and how much of name it has eaten
	for n < len(name) {
		if g < len(glob) && glob[g] == '*' {
			g++
			starG, starN = g, n
			continue
		}
		if width, ok := matchOne(glob[g:], name[n]); ok {
			g += width
			n++
			continue
		}
		if starG < 0 {
			return false
		}
		starN++
		g, n = starG, starN
	}
	return strings.Trim(glob[g:], "*") == ""
}

// matchOne matches the first element of glob, which is not "*", with c and
// returns the element's length.
func matchOne(glob string, c byte) (width int, ok bool) {
	if glob == "" {
		return 0, false
	}
	switch glob[0] {
	case '?':
		return 1, true
	case '\\':
		if len(glob) > 1 {
			return 2, glob[1] == c
		}
	case '[':
		if width, ok, closed := matchSet(glob, c); closed {
			return width, ok
		}
	}
	return 1, glob[0] == c
}

// matchSet matches the set "[…]" at the start of glob. A "]" right at its start
// is part of it; a set that is not closed is none.
func matchSet(glob string, c byte) (width int, ok, closed bool) {
	i := 1
	negated := i < len(glob) && (glob[i] == '!' || glob[i] == '^')
	if negated {
		i++
	}
	for first := true; i < len(glob); first = false {
		if glob[i] == ']' && !first {
			return i + 1, ok != negated, true
		}
		if glob[i] == '\\' && i+1 < len(glob) {
			i++
		}
		low, high := glob[i], glob[i]
		i++
		if i+1 < len(glob) && glob[i] == '-' && glob[i+1] != ']' {
			high = glob[i+1]
			i += 2
		}
		ok = ok || (low <= c && c <= high)
	}
	return 0, false, false
}
