package sdkcheck

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
)

// goroot is that of the go command in use.
func goroot(t *testing.T) string { return gotool.Output(t, ".", "amd64", "env", "GOROOT") }

// sdks returns the GOROOTs at hand: that of the go command in use, and the toolchains in the module cache of the series with a table.
func sdks(t *testing.T) []string {
	out := []string{goroot(t)}
	cache := gotool.Output(t, ".", "amd64", "env", "GOMODCACHE")
	for _, series := range Series() {
		more, err := filepath.Glob(filepath.Join(cache, "golang.org", "toolchain@v0.0.1-"+series+".*.linux-*"))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, more...)
	}
	return out
}

// Each SDK at hand passes, and one that is in a table is there exactly as it is.
func TestSDKs(t *testing.T) {
	for _, dir := range sdks(t) {
		sdk, err := Open(dir, "")
		if err != nil {
			t.Error(err)
			continue
		}
		t.Log(dir, sdk.Version)
		v, err := Check(sdk)
		if err != nil {
			t.Fatal(err)
		}
		if !v.OK() {
			t.Errorf("%s: formats %v, readers %v", dir, v.Formats, v.Readers)
		}
		tab, err := tableOf(sdk.Series)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := tab.patch(sdk.Version); err != nil || !slices.Contains(tab.releases, n) {
			continue
		}
		before := tab.format()
		if err := tab.add(sdk); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(tab.format(), before) {
			t.Errorf("%s: %s.txt has %s otherwise", dir, sdk.Series, sdk.Version)
		}
	}
}

// What go/parser says of the declarations, if it understands the sources, is what declarations says.
func TestAsParser(t *testing.T) {
	src := filepath.Join(goroot(t), "src")
	files, compared := 0, 0
	for _, dir := range []string{"runtime", "internal/abi", "cmd/link/internal/ld", "cmd/internal/obj", "reflect", "iter"} {
		names, err := filepath.Glob(filepath.Join(src, filepath.FromSlash(dir), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range names {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			list, err := declarations(file, text)
			if err != nil {
				t.Error(err)
				continue
			}
			var got []string
			for _, d := range list {
				got = append(got, regexp.MustCompile(`#\d+$`).ReplaceAllString(d.name, ""))
			}
			syntax, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if want := parsed(syntax); !slices.Equal(got, want) {
				t.Errorf("%s: %q, go/parser says %q", file, got, want)
			}
			files++
			compared += len(got)
		}
	}
	if files < 500 || compared < 5000 {
		t.Errorf("compared %d declarations in %d files, want more", compared, files)
	}
}

func parsed(file *ast.File) []string {
	var out []string
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			receiver := ""
			if f.Recv != nil {
				typ := f.Recv.List[0].Type
				star, pointer := typ.(*ast.StarExpr)
				if pointer {
					typ = star.X
				}
				switch x := typ.(type) {
				case *ast.IndexExpr:
					typ = x.X
				case *ast.IndexListExpr:
					typ = x.X
				}
				receiver = typ.(*ast.Ident).Name + "."
				if pointer {
					receiver = "(*" + typ.(*ast.Ident).Name + ")."
				}
			}
			out = append(out, "func "+receiver+f.Name.Name)
			continue
		}
		g := d.(*ast.GenDecl)
		if g.Tok == token.IMPORT {
			continue
		}
		var names []string
		for _, spec := range g.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				var all []string
				for _, n := range s.Names {
					all = append(all, n.Name)
				}
				names = append(names, strings.Join(all, ","))
			}
		}
		if g.Tok == token.CONST && g.Lparen.IsValid() {
			name := "_"
			for _, n := range names {
				if first, _, _ := strings.Cut(n, ","); name == "_" {
					name = first
				}
			}
			names = []string{name}
		}
		for _, n := range names {
			out = append(out, g.Tok.String()+" "+n)
		}
	}
	return out
}

// copySDK copies what the check reads of an SDK.
func copySDK(t *testing.T, from, version string) string {
	t.Helper()
	to := t.TempDir()
	dirs := slices.Clone(readerPackages)
	for _, w := range formats {
		if path.Ext(w.path) != "" {
			dirs = append(dirs, path.Dir(w.path))
		} else {
			dirs = append(dirs, w.path)
		}
	}
	for _, dir := range dirs {
		entries, err := os.ReadDir(filepath.Join(from, "src", dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(to, "src", dir), 0o777); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.IsDir() || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			data, err := os.ReadFile(filepath.Join(from, "src", dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(to, "src", dir, e.Name()), data)
		}
	}
	write(t, filepath.Join(to, "VERSION"), []byte(version+"\ntime 2026-01-01T00:00:00Z\n"))
	return to
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func verdict(t *testing.T, dir string) *Verdict {
	t.Helper()
	sdk, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	v, err := Check(sdk)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A release that nobody has seen passes if it changes nothing; one of a series that has no table never does.
func TestNewReleases(t *testing.T) {
	root := goroot(t)
	version, err := Version(root)
	if err != nil {
		t.Fatal(err)
	}
	series := version[:strings.LastIndexByte(version, '.')]
	dir := copySDK(t, root, version)
	for release, want := range map[string]string{
		series + ".99": Agree, series + "rc1": Agree,
		"go1.28.0": Unknown, "go1.28rc1": Unknown, "go1.25.14": Unknown, "go2.0": Unknown,
	} {
		write(t, filepath.Join(dir, "VERSION"), []byte(release+"\n"))
		v := verdict(t, dir)
		if v.Go != release || v.Formats.Status != want || v.Readers.Status != want || v.OK() != (want == Agree) {
			t.Errorf("%s: %s, formats %s, readers %s, want %s", release, v.Go, v.Formats.Status, v.Readers.Status, want)
		}
	}
}

// damage puts a word into the declarations of those names in a Go file, or into an assembly file.
func damage(t *testing.T, file string, names ...string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if path.Ext(file) != ".go" {
		write(t, file, append(text, "\tDAMAGE\n"...))
		return
	}
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, file, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	var at []int
	for _, d := range syntax.Decls {
		nodes := []ast.Node{d}
		if g, ok := d.(*ast.GenDecl); ok && g.Tok != token.CONST && g.Tok != token.IMPORT {
			nodes = nil
			for _, s := range g.Specs {
				nodes = append(nodes, s)
			}
		}
		for i, name := range parsed(&ast.File{Decls: []ast.Decl{d}}) {
			seen[name]++
			if n := seen[name]; n > 1 {
				name = fmt.Sprintf("%s#%d", name, n)
			}
			if slices.Contains(names, name) {
				end := fset.Position(nodes[i].End()).Offset
				if last := text[end-1]; last == ')' || last == '}' {
					end--
				}
				at = append(at, end)
			}
		}
	}
	if len(at) != len(names) {
		t.Fatalf("%s: found %d of the declarations %q", file, len(at), names)
	}
	for _, i := range slices.Backward(at) {
		text = slices.Concat(text[:i], []byte(" damage "), text[i:])
	}
	write(t, file, text)
}

// Each declaration that the check compares is refused by its name when it changes.
func TestDamage(t *testing.T) {
	root := goroot(t)
	version, err := Version(root)
	if err != nil {
		t.Fatal(err)
	}
	sdk, err := Open(root, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := copySDK(t, root, version)
	for _, group := range groupNames {
		if v := verdict(t, dir); !v.OK() {
			t.Fatalf("the copy differs: %v", v)
		}
		saved, names := map[string][]byte{}, map[string][]string{}
		for _, k := range sortedKeys(sdk.group(group)) {
			file := filepath.Join(dir, "src", k.file)
			names[file] = append(names[file], k.name)
		}
		for file := range names {
			if saved[file], err = os.ReadFile(file); err != nil {
				t.Fatal(err)
			}
			damage(t, file, names[file]...)
		}
		v := verdict(t, dir)
		differences := v.Formats.Differences
		if group == readerGroup {
			differences = v.Readers.Differences
		}
		changed := map[key]string{}
		for _, d := range differences {
			changed[key{d.File, d.Declaration}] = d.Change
		}
		for k := range sdk.group(group) {
			if changed[k] != "changed" {
				t.Errorf("%s: %v was damaged: %q", group, k, changed[k])
			}
		}
		for file, data := range saved {
			write(t, file, data)
		}
	}

	// One at a time for what watch.go names, and for all of a file.
	for _, w := range formats {
		names := w.names
		file := w.path
		if len(names) == 0 {
			for _, k := range sortedKeys(sdk.formats) {
				if k.file == w.path || strings.HasPrefix(k.file, w.path+"/") {
					file, names = k.file, []string{k.name}
				}
			}
		}
		for _, name := range names {
			full := filepath.Join(dir, "src", file)
			text, err := os.ReadFile(full)
			if err != nil {
				t.Fatal(err)
			}
			damage(t, full, name)
			v := verdict(t, dir)
			want := Difference{file, name, "changed"}
			if v.Formats.Status != Differ || !slices.Equal(v.Formats.Differences, []Difference{want}) {
				t.Errorf("%v was damaged: %v", want, v.Formats)
			}
			if len(w.names) == 0 {
				if err := os.Remove(full); err != nil {
					t.Fatal(err)
				}
				g := verdict(t, dir).Formats
				if g.Status != Differ || g.Differences[0].File != file || g.Differences[0].Change != "gone" {
					t.Errorf("%s was removed: %v", file, g)
				}
			}
			write(t, full, text)
		}
	}

	// A function that reads tables counts wherever it is.
	more := filepath.Join(dir, "src/runtime/more.go")
	write(t, more, []byte("package runtime\n\nfunc more(pc uintptr) string { return funcname(findfunc(pc)) }\n"))
	v := verdict(t, dir)
	if want := []Difference{{"runtime/more.go", "func more", "new"}}; v.Formats.Status != Agree || !slices.Equal(v.Readers.Differences, want) {
		t.Errorf("a new reader: formats %v, readers %v, want %v", v.Formats, v.Readers, want)
	}
	write(t, more, []byte("package runtime\n\nfunc more(\n"))
	if _, err := Open(dir, ""); err == nil || !strings.Contains(err.Error(), "more.go:") {
		t.Errorf("no Go source: %v", err)
	}
}

// What the SDK in use links is as its table says, and a program of another layout is not.
func TestCanary(t *testing.T) {
	root, dir := goroot(t), t.TempDir()
	sdk, err := Open(root, "")
	if err != nil {
		t.Fatal(err)
	}
	g, err := Canaries(root, sdk.Series, dir)
	if err != nil {
		t.Fatal(err)
	}
	if g.Status != Agree || g.Compared < 3*250 {
		t.Errorf("%+v", *g)
	}
	file := filepath.Join(dir, "canary_amd64")
	layout, err := ReadLayout(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, fact := range []string{"sections", "runtime.moduledata", "runtime.moduledata.types", "runtime._func.funcID",
		"internal/abi.FUNCDATA_InlTree",
		"internal/abi.ITab.Fun", "runtime.inlinedCall.nameOff"} {
		was := layout[fact]
		if was == "" {
			t.Errorf("the canary has no %s", fact)
		}
		layout[fact] = "1000"
		g, err := CheckLayout(sdk.Series, layout)
		if err != nil || g.Status != Differ || len(g.Differences) != 1 || g.Differences[0].Declaration != fact {
			t.Errorf("%s = 1000: %v, %v", fact, g, err)
		}
		delete(layout, fact)
		if g, err := CheckLayout(sdk.Series, layout); err != nil || g.Status != Differ || g.Differences[0].Change != "gone" {
			t.Errorf("no %s: %v, %v", fact, g, err)
		}
		layout[fact] = was
	}
	for _, series := range Series() {
		if g, err := CheckLayout(series, layout); err != nil || (g.Status == Agree) != (series == sdk.Series) {
			t.Errorf("a program of %s by the table of %s: %v, %v", sdk.Series, series, g.Status, err)
		}
	}
	if g, err := CheckLayout("go1.28", layout); err != nil || g.Status != Unknown {
		t.Errorf("go1.28: %v, %v", g, err)
	}
	small := filepath.Join(dir, "small")
	gotool.Output(t, dir, "amd64", "build", "-ldflags=-w", "-o", small, "main.go")
	if _, err := ReadLayout(small); err == nil || !strings.Contains(err.Error(), "small: ") {
		t.Errorf("without debug information: %v", err)
	}
	write(t, small, []byte("no ELF"))
	if _, err := ReadLayout(small); err == nil {
		t.Error("a text was read")
	}
}

// citation is how comments of this module refer to a declaration of Go's sources: (runtime/symtab.go, moduledata). The name
// may be the beginning of those that are meant.
var citation = regexp.MustCompile(`((?:runtime|internal/abi|cmd/link/internal/ld|cmd/internal/\w+)/\w+\.go), (?:\(\*\w+\)\.)?(\w+)`)

// What comments cite is compared.
func TestCitations(t *testing.T) {
	root := goroot(t)
	sdk, err := Open(root, "")
	if err != nil {
		t.Fatal(err)
	}
	compared := map[string][]string{} // by package: identifiers of what is compared
	src := source{dir: filepath.Join(root, "src"), context: contexts(sdk.Series)}
	for _, group := range groupNames {
		for _, k := range sortedKeys(sdk.group(group)) {
			list, err := src.declarations(k.file)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range list {
				if d.name == k.name {
					compared[path.Dir(k.file)] = slices.AppendSeq(compared[path.Dir(k.file)], maps.Keys(d.idents))
				}
			}
		}
	}
	count := 0
	err = filepath.WalkDir("../..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return err
		}
		fset := token.NewFileSet()
		syntax, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		for _, group := range syntax.Comments {
			text := strings.Join(strings.Fields(group.Text()), " ")
			for _, m := range citation.FindAllStringSubmatch(text, -1) {
				if !slices.ContainsFunc(compared[path.Dir(m[1])], func(ident string) bool { return strings.HasPrefix(ident, m[2]) }) {
					t.Errorf("%v cites %s, %s, which is not compared: name it in watch.go", fset.Position(group.Pos()), m[1], m[2])
				}
				count++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d citations", count)
	if count < 20 {
		t.Errorf("found %d citations, want more", count)
	}
}
