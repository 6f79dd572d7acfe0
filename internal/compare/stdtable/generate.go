// Package stdtable makes the table of what in Go's standard library depends on the architecture, for package
// compare. It reads the sources of an SDK and needs nothing else.
package stdtable

// This file is also compiled alone, as package main, by the SDK's own Go (Make): it imports the standard library only.

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// goarches and baselines are from the registry, package machine, which cannot be imported here; TestMachines compares.
var (
	goarches  = []string{"amd64", "arm64", "riscv64"}
	baselines = []string{"amd64.v1", "arm64.v8.0", "riscv64.rva20u64"}
)

// A source is one file of the standard library.
type source struct {
	pkg   string // import path
	name  string // base name
	path  string
	archs []string // that it is built for
	funcs []string // link names declared in it
}

func (s *source) specific() bool { return len(s.archs) < len(goarches) }

// generate returns the table of the SDK in the directory goroot, without its release. The Go that this is compiled by must be
// of the same series, because it parses and type-checks the sources.
func generate(goroot string) ([]byte, error) {
	src := filepath.Join(goroot, "src")
	compiler := filepath.Join(src, "cmd/compile/internal")
	sources, err := readSources(src)
	if err != nil {
		return nil, err
	}
	folded, err := foldedFuncs(src, sources)
	if err != nil {
		return nil, err
	}
	intrinsics, err := readIntrinsics(filepath.Join(compiler, "ssagen/intrinsics.go"))
	if err != nil {
		return nil, err
	}
	helpers, err := readHelpers(compiler)
	if err != nil {
		return nil, err
	}
	if !packages(sources)["runtime"] || len(folded) == 0 || len(intrinsics) == 0 || len(helpers) == 0 {
		return nil, fmt.Errorf("%s: found %d source files, %d packages with constants that depend on the architecture, %d intrinsics and %d functions "+
			"that the compiler calls, want a Go SDK with all of them, package runtime included: its sources are not whole",
			src, len(sources), len(folded), len(intrinsics), len(helpers))
	}
	var b bytes.Buffer
	for _, p := range slices.Sorted(maps.Keys(packages(sources))) {
		fmt.Fprintf(&b, "package %s\n", p)
		for _, s := range sources {
			if s.pkg == p && s.specific() {
				fmt.Fprintf(&b, "file %s %s %s\n", s.name, strings.Join(s.archs, ","), strings.Join(s.funcs, " "))
			}
		}
		if f := folded[p]; len(f) > 0 {
			slices.Sort(f)
			fmt.Fprintf(&b, "folds %s\n", strings.Join(slices.Compact(f), " "))
		}
	}
	fmt.Fprintf(&b, "intrinsics %s\nhelpers %s\n", strings.Join(intrinsics, " "), strings.Join(helpers, " "))
	return b.Bytes(), nil
}

func packages(sources []*source) map[string]bool {
	out := map[string]bool{}
	for _, s := range sources {
		out[s.pkg] = true
	}
	return out
}

func contextFor(goarch string) build.Context {
	c := build.Default
	c.GOOS, c.GOARCH, c.CgoEnabled = "linux", goarch, false
	// The tool tags are for the host; those of GOEXPERIMENT are the same for all three.
	c.ToolTags = slices.DeleteFunc(slices.Clone(c.ToolTags), func(t string) bool { return !strings.HasPrefix(t, "goexperiment.") })
	c.ToolTags = append(c.ToolTags, baselines[slices.Index(goarches, goarch)])
	return c
}

// readSources returns the files of the standard library that are built for one of
// the architectures at least, in the order of their paths.
func readSources(src string) ([]*source, error) {
	var out []*source
	skips := func(dir, name string) bool {
		return dir == filepath.Join(src, "cmd") || dir == filepath.Join(src, "builtin") || name == "testdata" || strings.HasPrefix(name, "_")
	}
	err := walk(src, skips, 0, func(path string) error {
		name, ext := filepath.Base(path), filepath.Ext(path)
		if ext != ".go" && ext != ".s" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(src, filepath.Dir(path))
		if err != nil {
			return err
		}
		s := &source{pkg: filepath.ToSlash(rel), name: name, path: path}
		for _, goarch := range goarches {
			c := contextFor(goarch)
			if ok, err := c.MatchFile(filepath.Dir(path), name); err != nil {
				return err
			} else if ok {
				s.archs = append(s.archs, goarch)
			}
		}
		if len(s.archs) == 0 {
			return nil
		}
		out = append(out, s)
		if !s.specific() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if ext == ".s" {
			s.funcs = asmFuncs(s.pkg, string(data))
		} else {
			s.funcs, err = goFuncs(s.pkg, path, data)
		}
		slices.Sort(s.funcs)
		s.funcs = slices.Compact(s.funcs)
		return err
	})
	return out, err
}

// maxDepth is the greatest number of directories above a file: SDKs have 8.
const maxDepth = 32

// walk calls f for the files below dir, which has depth directories above it, in the order of their names. It follows links: an SDK of the
// host, or one that differs from another in some directories, is made of them. skips says which directories are left out.
func walk(dir string, skips func(dir, name string) bool, depth int, f func(path string) error) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: more than %d directories in each other: a link leads to a directory that it is in", dir, maxDepth)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path, isDir := filepath.Join(dir, e.Name()), e.IsDir()
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			isDir = info.IsDir()
		}
		switch {
		case !isDir:
			err = f(path)
		case !skips(path, e.Name()):
			err = walk(path, skips, depth+1, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var textSymbol = regexp.MustCompile(`(?m)^\s*(?:TEXT|DEFINE\w*|\w+)\s*\(?\s*([\w·∕~./]*)(<(?:ABIInternal)?>)?\(SB\)`)

// asmFuncs returns the link names of the functions that an assembler file
// defines.
func asmFuncs(pkg, text string) []string {
	var out []string
	for _, m := range textSymbol.FindAllStringSubmatch(text, -1) {
		name := strings.NewReplacer("·", ".", "∕", "/").Replace(m[1])
		if strings.HasPrefix(name, ".") {
			name = pkg + name
		}
		if name != "" {
			out = append(out, name)
		}
	}
	return out
}

// goFuncs returns the link names of the functions that a Go file declares.
func goFuncs(pkg, path string, data []byte) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			out = append(out, linkName(pkg, f))
		}
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if f := strings.Fields(c.Text); len(f) == 3 && f[0] == "//go:linkname" {
				out = append(out, f[2])
			}
		}
	}
	return out, nil
}

// linkName is the name of a declared function without type arguments.
func linkName(pkg string, f *ast.FuncDecl) string {
	if f.Recv == nil {
		return pkg + "." + f.Name.Name
	}
	t := f.Recv.List[0].Type
	star, pointer := t.(*ast.StarExpr)
	if pointer {
		t = star.X
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		t = x.X
	case *ast.IndexListExpr:
		t = x.X
	}
	name := t.(*ast.Ident).Name
	if pointer {
		name = "(*" + name + ")"
	}
	return pkg + "." + name + "." + f.Name.Name
}

// foldedFuncs returns, by package, the functions in files for all architectures in
// which a constant has not the same value on all of them, so that the compiler
// takes another branch, or a method is not the same.
func foldedFuncs(src string, sources []*source) (map[string][]string, error) {
	type values map[string]string // by function: all constants in it
	byPkg := map[string][]values{}
	for _, goarch := range goarches {
		c := contextFor(goarch)
		sizes := types.SizesFor("gc", goarch)
		fset := token.NewFileSet()
		checker := &stdImporter{src: src, context: c, sizes: sizes, fset: fset, done: map[string]*types.Package{}}
		checker.visit = func(pkg string, files []*ast.File, info *types.Info) {
			v := values{}
			for _, file := range files {
				for _, d := range file.Decls {
					if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
						name := filepath.Base(fset.Position(f.Pos()).Filename) + " " + linkName(pkg, f)
						v[name] += constants(goarch, f.Body, info)
					}
				}
			}
			byPkg[pkg] = append(byPkg[pkg], v)
		}
		for _, pkg := range slices.Sorted(maps.Keys(packages(sources))) {
			if _, err := checker.Import(pkg); err != nil {
				if _, none := err.(*build.NoGoError); none {
					continue
				}
				return nil, fmt.Errorf("%s: %w", goarch, err)
			}
		}
	}
	out := map[string][]string{}
	for pkg, all := range byPkg {
		if len(all) != len(goarches) {
			continue
		}
		for name, first := range all[0] {
			_, fn, _ := strings.Cut(name, " ")
			for _, other := range all[1:] {
				if v, ok := other[name]; ok && v != first {
					out[pkg] = append(out[pkg], fn)
				}
			}
		}
	}
	return out, nil
}

// constants lists the values of all constant expressions in body, and which
// methods it selects: those of an embedded type may differ, too.
func constants(goarch string, body ast.Node, info *types.Info) string {
	var b strings.Builder
	ast.Inspect(body, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok {
			if tv := info.Types[e]; tv.Value != nil && tv.Value.Kind() != constant.Unknown {
				b.WriteString(tv.Value.ExactString())
				b.WriteByte(';')
				return false
			}
		}
		if e, ok := n.(*ast.SelectorExpr); ok && info.Selections[e] != nil {
			if f, ok := info.Selections[e].Obj().(*types.Func); ok {
				b.WriteString(f.FullName())
				b.WriteByte(';')
			}
		}
		// The compiler folds what compares a variable with a string only where
		// strings can be loaded whole: then branches for other systems stay on
		// some architectures.
		if a, ok := n.(*ast.AssignStmt); ok && len(a.Rhs) == 1 {
			if e, ok := a.Rhs[0].(*ast.SelectorExpr); ok && (e.Sel.Name == "GOOS" || e.Sel.Name == "GOARCH") {
				b.WriteString(goarch)
			}
		}
		return true
	})
	return b.String()
}

// A stdImporter type-checks the standard library from its sources.
type stdImporter struct {
	src     string
	context build.Context
	sizes   types.Sizes
	fset    *token.FileSet
	done    map[string]*types.Package
	visit   func(pkg string, files []*ast.File, info *types.Info)
}

func (im *stdImporter) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	dir := filepath.Join(im.src, path)
	if _, err := os.Stat(dir); err != nil {
		path = "vendor/" + path
		dir = filepath.Join(im.src, path)
	}
	if p := im.done[path]; p != nil {
		return p, nil
	}
	bp, err := im.context.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range bp.GoFiles {
		f, err := parser.ParseFile(im.fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{Importer: im, Sizes: im.sizes, GoVersion: "", FakeImportC: true}
	p, err := config.Check(path, im.fset, files, info)
	if err != nil {
		return nil, err
	}
	im.done[path] = p
	im.visit(path, files, info)
	return p, nil
}

// readIntrinsics returns the functions that the compiler knows how to replace by
// instructions on some architecture: the first two arguments of the calls
// addF("package", "name", …) and of their like.
func readIntrinsics(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 3 {
			return true
		}
		var names []string
		for _, arg := range call.Args[:2] {
			if lit, ok := arg.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				names = append(names, strings.Trim(lit.Value, `"`))
			}
		}
		if len(names) == 2 && names[0] != "" && names[1] != "" {
			seen[names[0]+"."+names[1]] = true
		}
		return true
	})
	return slices.Sorted(maps.Keys(seen)), nil
}

// readHelpers returns the functions of package runtime that compiled code calls
// where the source has an operation: those that the compiler declares for itself
// and those that it looks up by name.
func readHelpers(compiler string) ([]string, error) {
	seen := map[string]bool{}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(compiler, "typecheck/_builtin/runtime.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			seen["runtime."+f.Name.Name] = true
		}
	}
	none := func(string, string) bool { return false }
	err = walk(compiler, none, 0, func(path string) error {
		if filepath.Ext(path) != ".go" {
			return nil
		}
		data, err := os.ReadFile(path)
		for _, m := range lookup.FindAllSubmatch(data, -1) {
			seen["runtime."+string(m[1])] = true
		}
		return err
	})
	return slices.Sorted(maps.Keys(seen)), err
}

var lookup = regexp.MustCompile(`\bLookupRuntime(?:Func|Var)?\("(\w+)"`)
