// Package cgofiles tells which files of a Go package a build without cgo leaves out. It
// reads file names, build constraints and imports, as cmd/go does, and nothing of what the
// files do: whether the rest is a useful package, only the compiler can tell.
package cgofiles

import (
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
)

// A Package says what becomes of a package's files.
type Package struct {
	Kept    []string // Go files that are compiled without cgo
	LeftOut []string // files, of any language, that only cgo would compile
}

// foreign are the extensions of what the C compiler compiles for cgo (go/build.Package:
// CFiles, CXXFiles, MFiles, FFiles, SFiles of cgo packages, SwigFiles, SwigCXXFiles).
var foreign = []string{".c", ".cc", ".cpp", ".cxx", ".m", ".f", ".F", ".for", ".f90", ".S", ".sx", ".swig", ".swigcxx"}

// Split sorts files, the sources of one package for any system, for the system and the build
// tags of ctx; its CgoEnabled is of no account. The error names the file.
func Split(ctx build.Context, files []string) (Package, error) {
	var p Package
	for _, file := range files {
		dir, base := filepath.Split(file)
		matches := func(cgo bool) (bool, error) {
			ctx.CgoEnabled = cgo
			ok, err := ctx.MatchFile(dir, base)
			if err != nil {
				err = fmt.Errorf("%s: %w", file, err)
			}
			return ok, err
		}
		with, err := matches(true)
		if err != nil {
			return p, err
		}
		ext := filepath.Ext(base)
		if ext != ".go" {
			if with && slices.Contains(foreign, ext) {
				p.LeftOut = append(p.LeftOut, file)
			}
			continue
		}
		without, err := matches(false)
		if err != nil {
			return p, err
		}
		if with || without {
			usesC, err := importsC(file)
			if err != nil {
				return p, err
			}
			without = without && !usesC
		}
		switch {
		case without:
			p.Kept = append(p.Kept, file)
		case with:
			p.LeftOut = append(p.LeftOut, file)
		}
	}
	return p, nil
}

// importsC reports whether a Go file imports the pseudo package of cgo.
func importsC(file string) (bool, error) {
	syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return false, err
	}
	for _, spec := range syntax.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil && path == "C" {
			return true, nil
		}
	}
	return false, nil
}
