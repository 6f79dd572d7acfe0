package cmdlink

// # What a program is linked from
//
// A build rule names all that a package may import, on any system and with or without cgo.
// cmd/link loads what its packages do import: it begins at main and follows the lists of imports
// in the compiler's objects. What we refuse in a package is refused only in one that is loaded, and
// the message has the way from main to it.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// A loadedPackage is a package, other than those of the standard library, that cmd/link will load.
type loadedPackage struct {
	path       string // package path; "main" for the program's own
	label      string
	parent     *loadedPackage // who imports it, on a shortest way from main; nil for main
	directives [][]string
}

// chain returns the labels from main to p, each on a line of its own.
func (p *loadedPackage) chain() string {
	var labels []string
	for ; p != nil; p = p.parent {
		labels = append(labels, p.label)
	}
	slices.Reverse(labels)
	return "    " + strings.Join(labels, "\n    -> ")
}

// loaded returns what cmd/link will load, main first.
func (c *Config) loaded() ([]*loadedPackage, error) {
	archives := make(map[string]*Archive, len(c.Archives))
	for i := range c.Archives {
		archives[c.Archives[i].PkgPath] = &c.Archives[i]
	}
	type result struct {
		*goobj.Prelude
		err error
	}
	results := parallel.Walk([]string{"main"}, func(path string) (r result, imports []string) {
		file := c.Main
		if path != "main" {
			a := archives[path]
			if a == nil { // of the standard library, which imports no others, or missing, which the linker says
				return r, nil
			}
			file = a.File
		}
		if r.Prelude, r.err = c.archives.Prelude(file); r.err != nil {
			return r, nil
		}
		return r, r.Imports
	})
	for _, a := range c.Archives {
		if _, opened := results[a.PkgPath]; opened {
			continue
		}
		if err := inputfile.Check(a.File); err != nil { // what nothing imports is given all the same
			return nil, fmt.Errorf("package %s from %s: %w", a.PkgPath, a.Label, err)
		}
	}
	queue := []*loadedPackage{{path: "main", label: cmp.Or(c.MainLabel, c.BuildInfo.Path, c.Main)}}
	seen := map[string]bool{"main": true}
	for n := 0; n < len(queue); n++ {
		p := queue[n]
		r := results[p.path]
		if r.err != nil && p.parent != nil {
			r.err = fmt.Errorf("package %s from %s: %w", p.path, p.label, r.err)
		}
		if r.err != nil {
			return nil, r.err
		}
		p.directives = r.Directives
		for _, path := range r.Imports {
			if a := archives[path]; a != nil && !seen[path] {
				seen[path] = true
				queue = append(queue, &loadedPackage{path: path, label: cmp.Or(a.Label, path), parent: p})
			}
		}
	}
	return queue, nil
}

// checkDynamicImports refuses packages that ask for a shared library.
func checkDynamicImports(packages []*loadedPackage) error {
	for _, p := range packages {
		for _, d := range p.directives {
			if len(d) < 3 || d[0] != "cgo_import_dynamic" {
				continue
			}
			what := fmt.Sprintf("symbol %s of a shared library", d[2])
			switch {
			case d[1] == "_" && len(d) > 3:
				what = "shared library " + d[3]
			case len(d) > 3:
				what = fmt.Sprintf("symbol %s of the shared library %s", d[2], d[3])
			}
			return fmt.Errorf("package %s imports the %s (//go:%s), which needs a dynamic loader:\n%s\n"+
				"Remove that dependency, or build the program with go_binary", p.path, what, strings.Join(d, " "), p.chain())
		}
	}
	return nil
}
