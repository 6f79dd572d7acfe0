package godebug

import (
	"debug/buildinfo"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// rows returns the composite literals of a table in a source file of the Go release in use, each a map from
// the name of a field to its literal value.
func rows(t *testing.T, file, table string) []map[string]string {
	t.Helper()
	if s, err := goabi.For(runtime.Version()); err != nil || s.Name != "go1.26" {
		t.Skipf("Go is %s; the tables are of go1.26", runtime.Version())
	}
	path := filepath.Join(build.Default.GOROOT, "src", file)
	syntax, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	object := syntax.Scope.Lookup(table)
	if object == nil {
		t.Fatalf("%s: no variable %s", path, table)
	}
	var out []map[string]string
	for _, element := range object.Decl.(*ast.ValueSpec).Values[0].(*ast.CompositeLit).Elts {
		row := make(map[string]string)
		for _, field := range element.(*ast.CompositeLit).Elts {
			pair := field.(*ast.KeyValueExpr)
			if literal, ok := pair.Value.(*ast.BasicLit); ok {
				row[pair.Key.(*ast.Ident).Name] = strings.Trim(literal.Value, `"`)
			}
		}
		out = append(out, row)
	}
	return out
}

// TestTables compares our tables with the sources of Go.
func TestTables(t *testing.T) {
	if !strings.HasPrefix(runtime.Version(), "go1."+strconv.Itoa(release)+".") {
		t.Fatalf("Go is %s, the tables are of go1.%d", runtime.Version(), release)
	}
	known := make(map[string]change)
	for _, row := range rows(t, "internal/godebugs/table.go", "All") {
		minor, _ := strconv.Atoi(row["Changed"])
		known[row["Name"]] = change{minor, row["Old"]}
	}
	if !maps.Equal(known, settings) {
		t.Errorf("internal/godebugs.All is\n%v\nsettings are\n%v", known, settings)
	}
	gone := make(map[string]int)
	for _, row := range rows(t, "internal/godebugs/table.go", "Removed") {
		gone[row["Name"]], _ = strconv.Atoi(row["Removed"])
	}
	if !maps.Equal(gone, removed) {
		t.Errorf("internal/godebugs.Removed is %v, removed is %v", gone, removed)
	}
	further := map[string]bool{"memprofilerate": true} // outside the table of the runtime
	for _, row := range rows(t, "runtime/runtime1.go", "dbgvars") {
		if _, ok := known[row["name"]]; !ok {
			further[row["name"]] = true
		}
	}
	if !maps.Equal(further, runtimeSettings) {
		t.Errorf("runtime.dbgvars has besides the settings\n%v\nruntimeSettings are\n%v", further, runtimeSettings)
	}
}

// TestAsGoCommand compares what the go command builds into a program with what we do.
func TestAsGoCommand(t *testing.T) {
	for _, lines := range []string{
		"//go:debug panicnil=1\n//go:debug netdns=go\n",
		"//go:debug default=go1.21\n//go:debug httpmuxgo121=0\n",
		"//go:debug default=go1.20.3\n",
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "main.go")
		if err := os.WriteFile(file, []byte(lines+"\npackage main\n\nfunc main() {}\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", "build", "-o", "main", "main.go")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		info, err := buildinfo.ReadFile(filepath.Join(dir, "main"))
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		for _, s := range info.Settings {
			if s.Key == "DefaultGODEBUG" {
				want = s.Value
			}
		}
		list, err := Directives(&build.Default, file)
		if err != nil {
			t.Fatal(err)
		}
		if got := Default(list); got != want || want == "" {
			t.Errorf("%sgo build: %q\nwe:       %q", lines, want, got)
		}
	}
}
