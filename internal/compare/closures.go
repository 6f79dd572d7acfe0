package compare

import (
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Closures
//
// The compiler names a closure after the function that it is in. Where that is inlined, the closure is copied with it, and named after
// both: beside pkg.F.func1 there is pkg.G.F.func3 for F in G, and the copies alone where F is inlined wherever it is called. Whether it
// is depends on the machine: an F that calls slices.SortFunc is too long for that where bits.Len is one instruction, so that
// slices.SortFunc is inlined into it. A closure that some programs lack is explained when they have one from the same place of the
// sources that refers to the same.

// A closure is where closures that may be copies of one are declared.
type closure struct {
	in   string // last part of the name of the function declaration around
	file string
	line int
}

// closureOf returns where fn is declared when it is a closure with code of its own.
func closureOf(fn *function) (closure, bool) {
	name := gobin.DropTypeArguments(fn.name)
	if !fn.alone || fn.line == 0 || !closureParts.MatchString(name[strings.LastIndexByte(name, '.')+1:]) {
		return closure{}, false
	}
	outer := declared(fn.name)
	return closure{outer[strings.LastIndexByte(outer, '.')+1:], fn.file, fn.line}, true
}

// closuresOf returns the closures of a program by their places.
func closuresOf(p *Program) map[closure][]*function {
	out := map[closure][]*function{}
	for _, fn := range p.funcs {
		if at, ok := closureOf(fn); ok {
			out[at] = append(out[at], fn)
		}
	}
	return out
}

// isCopy reports whether the programs that lack a function have copies of it, by other names.
func (c *comparison) isCopy(name string) bool {
	for _, p := range c.programs {
		fn := p.funcs[name]
		if fn == nil {
			continue
		}
		at, ok := closureOf(fn)
		if !ok {
			return false
		}
		for i, other := range c.programs {
			if other.funcs[name] == nil && !c.cover(c.closures[i][at], fn) {
				return false
			}
		}
	}
	return true
}

// cover reports whether there are copies, and fn refers to nothing that none of them refers to.
func (c *comparison) cover(copies []*function, fn *function) bool {
	if !slices.ContainsFunc(copies, func(f *function) bool { return f.indirect || !fn.indirect }) {
		return false
	}
	for to, how := range fn.refs {
		rule, _ := c.std.explainName(to)
		silent := how == inlined || how&(called|addressed) == 0 && c.leaf(to) // no instruction of it may be left
		if rule == "" && !silent && c.explained[to] == nil && !slices.ContainsFunc(copies, func(f *function) bool { return f.refs[to] != 0 }) {
			return false
		}
	}
	return true
}
