package godebug

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/version"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// # Tables
//
// Which settings there are is written in the sources of a Go SDK, and patch releases add some. So nothing of it is in this package:
//
//	src/internal/godebugs/table.go   All: settings that //go:debug lines can use, and which release changed the default
//	                                 Removed: those of earlier releases; since Go 1.27 with a test for values that are errors
//	src/runtime/runtime1.go          dbgvars: settings of the runtime, of which some are in All, too
//
// They are read as syntax, strictly: what is not of the form that Go 1.26 and 1.27 have is an error, not left out.

// Files of an SDK that ReadTable reads, below GOROOT.
const (
	settingsFile = "src/internal/godebugs/table.go"
	runtimeFile  = "src/runtime/runtime1.go"
)

// A Table has the settings of one Go SDK.
type Table struct {
	minor    int // of its series: 26 for go1.26
	settings map[string]change
	removed  map[string]removal
	runtime  map[string]bool // further names, which the runtime knows and //go:debug lines cannot use
}

// A change says that a setting got another default; the zero value that it never did.
type change struct {
	minor int    // of the first release with the new default
	old   string // value that brings the earlier behaviour back
}

// A removal is about a setting that is no more.
type removal struct {
	minor int             // of the first release without it
	old   map[string]bool // values that are errors; nil for all, which they were until Go 1.26
}

// ReadTable reads the settings of the SDK in the directory goroot; series is what it is of, for example "go1.26". The error
// names the file, and the line with what is not understood.
func ReadTable(goroot, series string) (*Table, error) {
	_, digits, _ := strings.Cut(version.Lang(series), "go1.")
	minor, err := strconv.Atoi(digits)
	if err != nil {
		return nil, fmt.Errorf("%q is no series of Go releases, want one such as go1.26", series)
	}
	t := &Table{minor: minor, settings: map[string]change{}, removed: map[string]removal{}, runtime: map[string]bool{"memprofilerate": true}}
	for _, file := range []struct {
		path string
		read func(*tableFile) error
	}{{settingsFile, t.readSettings}, {runtimeFile, t.readRuntime}} {
		f, err := openTable(filepath.Join(goroot, filepath.FromSlash(file.path)))
		if err == nil {
			err = file.read(f)
		}
		if err != nil {
			return nil, fmt.Errorf("the SDK's table of GODEBUG settings: %w", err)
		}
	}
	return t, nil
}

func (t *Table) readSettings(f *tableFile) error {
	err := f.rows("All", func(row *tableRow) error {
		name, err := row.text("Name", true)
		if err != nil {
			return err
		}
		if _, twice := t.settings[name]; twice {
			return row.errorf(row.at, "found %q again, want each setting once", name)
		}
		var c change
		if c.minor, err = row.number("Changed"); err != nil {
			return err
		}
		if c.old, err = row.text("Old", c.minor != 0); err != nil {
			return err
		}
		t.settings[name] = c
		return row.ignore("Package", "Opaque", "Immutable")
	})
	if err != nil {
		return err
	}
	return f.rows("Removed", func(row *tableRow) error {
		name, err := row.text("Name", true)
		if err != nil {
			return err
		}
		var r removal
		if r.minor, err = row.number("Removed"); err != nil {
			return err
		}
		if old := row.take("Old"); old != nil {
			if r.old, err = f.values(old); err != nil {
				return err
			}
		}
		t.removed[name] = r
		return row.ignore()
	})
}

func (t *Table) readRuntime(f *tableFile) error {
	return f.rows("dbgvars", func(row *tableRow) error {
		name, err := row.text("name", true)
		if err != nil {
			return err
		}
		if _, known := t.settings[name]; !known {
			t.runtime[name] = true
		}
		return row.ignore("value", "atomic", "def")
	})
}

// A tableFile is a parsed source file.
type tableFile struct {
	path   string
	fset   *token.FileSet
	syntax *ast.File
}

// maxTable bounds a file, in bytes. That of Go 1.27 has 40 KB.
const maxTable = 1 << 20

func openTable(path string) (*tableFile, error) {
	text, err := inputfile.Read(path, maxTable)
	if err != nil {
		return nil, err
	}
	f := &tableFile{path: path, fset: token.NewFileSet()}
	if f.syntax, err = parser.ParseFile(f.fset, path, text, parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *tableFile) errorf(at ast.Node, format string, args ...any) error {
	pos := f.fset.Position(at.Pos())
	return fmt.Errorf("%s:%d: %s", f.path, pos.Line, fmt.Sprintf(format, args...))
}

// rows calls do with each element of the slice literal that the variable of that name has as its value.
func (f *tableFile) rows(name string, do func(*tableRow) error) error {
	for _, d := range f.syntax.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			spec := s.(*ast.ValueSpec)
			if len(spec.Names) != 1 || spec.Names[0].Name != name {
				continue
			}
			var list *ast.CompositeLit
			if len(spec.Values) == 1 {
				list, _ = spec.Values[0].(*ast.CompositeLit)
			}
			if list == nil || len(list.Elts) == 0 {
				return f.errorf(spec, "found no list in %s, want one of settings", name)
			}
			for _, e := range list.Elts {
				row, err := f.row(e)
				if err == nil {
					err = do(row)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
	return fmt.Errorf("%s: found no variable %s", f.path, name)
}

// A tableRow is an element of a list: a struct literal with the names of its fields.
type tableRow struct {
	*tableFile
	at     ast.Node
	fields map[string]ast.Expr
}

func (f *tableFile) row(e ast.Expr) (*tableRow, error) {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil, f.errorf(e, "found no struct literal, want one for each setting")
	}
	row := &tableRow{f, e, map[string]ast.Expr{}}
	for _, e := range lit.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return nil, f.errorf(e, "found a field without its name")
		}
		key, ok := pair.Key.(*ast.Ident)
		if !ok || row.fields[key.Name] != nil {
			return nil, f.errorf(e, "found no name of a field, or one again")
		}
		row.fields[key.Name] = pair.Value
	}
	return row, nil
}

// take removes a field and returns its value, nil if there is none.
func (r *tableRow) take(field string) ast.Expr {
	e := r.fields[field]
	delete(r.fields, field)
	return e
}

func (r *tableRow) text(field string, required bool) (string, error) {
	e := r.take(field)
	if e == nil && !required {
		return "", nil
	}
	if e == nil {
		return "", r.errorf(r.at, "the setting has no field %s", field)
	}
	text, ok := stringOf(e)
	if !ok || required && text == "" || strings.ContainsAny(text, ", =\t\r\n") {
		return "", r.errorf(e, "field %s: want a string constant without spaces, commas and equals signs", field)
	}
	return text, nil
}

func (r *tableRow) number(field string) (int, error) {
	e := r.take(field)
	if e == nil {
		return 0, nil
	}
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.INT {
		if n, err := strconv.ParseUint(lit.Value, 10, 10); err == nil {
			return int(n), nil
		}
	}
	return 0, r.errorf(e, "field %s: want the minor version of a Go release", field)
}

// ignore checks that no fields are left but those of no meaning here.
func (r *tableRow) ignore(fields ...string) error {
	for _, f := range fields {
		r.take(f)
	}
	for name, e := range r.fields {
		return r.errorf(e, "found the field %s, which this release of the tools does not know", name)
	}
	return nil
}

func stringOf(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// values returns the strings for which a predicate holds. It is a function literal, or the name of a function of the file,
// that returns whether its argument equals one of some strings.
func (f *tableFile) values(predicate ast.Expr) (map[string]bool, error) {
	var typ *ast.FuncType
	var body *ast.BlockStmt
	switch p := predicate.(type) {
	case *ast.FuncLit:
		typ, body = p.Type, p.Body
	case *ast.Ident:
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == p.Name {
				typ, body = fn.Type, fn.Body
			}
		}
	}
	if body != nil && len(body.List) == 1 && len(typ.Params.List) == 1 && len(typ.Params.List[0].Names) == 1 {
		if ret, ok := body.List[0].(*ast.ReturnStmt); ok && len(ret.Results) == 1 {
			out := map[string]bool{}
			if equalities(ret.Results[0], typ.Params.List[0].Names[0].Name, out) {
				return out, nil
			}
		}
	}
	return nil, f.errorf(predicate, "field Old: want a function that compares its argument with strings")
}

// equalities adds to out the strings of name == "a" || name == "b", and reports whether e has that form.
func equalities(e ast.Expr, name string, out map[string]bool) bool {
	b, ok := e.(*ast.BinaryExpr)
	if !ok {
		return false
	}
	switch b.Op {
	case token.LOR:
		return equalities(b.X, name, out) && equalities(b.Y, name, out)
	case token.EQL:
		x, ok := b.X.(*ast.Ident)
		text, isText := stringOf(b.Y)
		if ok && isText && x.Name == name {
			out[text] = true
			return true
		}
	}
	return false
}
