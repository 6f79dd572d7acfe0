package sizes

import (
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// generated are beginnings of names that the compiler and the linker make for something of a package.
var generated = []struct{ prefix, typ string }{
	{"type:.eq.", ""},
	{"type:.hash.", ""},
	{"type:.eqfunc.", TypeConstants},
	{"type:.hashfunc.", TypeConstants},
	{"go:itab.", TypeTypes},
	{"type:", TypeTypes},
	{"go:string.", TypeStrings},
	{"runtime.gcbits.", TypeTypes},
}

// owner splits the name of a symbol into the package and the rest. typ is what kind of data it is, "" where that follows from the section.
func owner(symbol string) (pkg, name, typ string) {
	symbol = gobin.OneLine(symbol)
	for _, g := range generated {
		rest, ok := strings.CutPrefix(symbol, g.prefix)
		if !ok {
			continue
		}
		// The first type named is the one that it is for.
		subject, _, _ := strings.Cut(strings.TrimLeft(rest, "*[]0123456789"), ",")
		return gobin.PackageOf(subject), symbol, g.typ
	}
	if pkg, rest := gobin.CutLinkName(symbol); pkg != "" {
		return pkg, rest, ""
	}
	return "", symbol, ""
}

// units are the packages of compilation units, for functions that are named after none.
type units struct {
	table *gobin.FuncTable
	pkg   map[uint32]string
}

// unitsOf finds the package of each compilation unit: the one that most of its functions are named after. Functions with type arguments
// do not count, since any package may have compiled them; a tie leaves the unit without a package.
func unitsOf(table *gobin.FuncTable) *units {
	u := &units{table, map[uint32]string{}}
	counts := map[uint32]map[string]int{}
	for i := range table.Len() {
		name := table.At(i).Name
		pkg := gobin.PackageOf(name)
		if pkg == "" || strings.Contains(name, "[") {
			continue
		}
		unit, ok := table.Unit(i)
		if !ok {
			continue
		}
		if counts[unit] == nil {
			counts[unit] = map[string]int{}
		}
		counts[unit][pkg]++
	}
	for unit, packages := range counts {
		best, most, tie := "", 0, false
		for pkg, n := range packages {
			switch {
			case n > most:
				best, most, tie = pkg, n, false
			case n == most:
				tie = true
			}
		}
		if !tie {
			u.pkg[unit] = best
		}
	}
	return u
}

// of returns the package of the compilation unit of function i, "" if that is not known.
func (u *units) of(i int) string {
	unit, ok := u.table.Unit(i)
	if !ok {
		return ""
	}
	return u.pkg[unit]
}

// owner is like the function owner, for function i.
func (u *units) owner(i int, symbol string) (pkg, name, typ string) {
	pkg, name, typ = owner(symbol)
	if pkg == "" && !strings.Contains(symbol, ":") {
		pkg = u.of(i)
	}
	return pkg, name, typ
}
