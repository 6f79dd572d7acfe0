//go:build unix

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unbounded are the targets that need not hold their package to the limits of fuzztest, and why.
var unbounded = map[string]string{
	"FuzzAgainstDebugELF": "most of the memory is debug/elf's; package elf's own targets are bounded",
	"FuzzFilter":          "the memory is the caller's",
	"FuzzOperations":      "its bytes are operations of the test, nothing is read from them",
}

// TestTargetsAreBounded: every fuzz target asks by fuzztest.Bounded that memory and time are limited,
// itself or through a function of its file.
func TestTargetsAreBounded(t *testing.T) {
	t.Chdir("../..")
	targets := 0
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		funcs := map[string]*ast.FuncDecl{}
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil {
				funcs[fn.Name.Name] = fn
			}
		}
		for name, fn := range funcs {
			if !strings.HasPrefix(name, "Fuzz") {
				continue
			}
			targets++
			if _, free := unbounded[name]; !free && !bounded(fn, funcs, map[*ast.FuncDecl]bool{}) {
				t.Errorf("%s: %s does not call fuzztest.Bounded: a reader that allocates without limit would pass", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if targets < 15 {
		t.Errorf("found %d fuzz targets, want at least 15", targets)
	}
}

// bounded reports whether fn, or a function of the same file that it names, calls fuzztest.Bounded.
func bounded(fn *ast.FuncDecl, funcs map[string]*ast.FuncDecl, seen map[*ast.FuncDecl]bool) bool {
	found := false
	seen[fn] = true
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			found = found || ok && x.Name == "fuzztest" && n.Sel.Name == "Bounded"
		case *ast.Ident:
			if callee := funcs[n.Name]; callee != nil && !seen[callee] {
				found = found || bounded(callee, funcs, seen)
			}
		}
		return !found
	})
	return found
}
