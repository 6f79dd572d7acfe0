package godebug

import (
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// settings and runtimeVars are what tables look like in Go's sources.
const (
	settings = `package godebugs

var All = []Info{
	{Name: "asynctimerchan", Package: "time", Changed: 23, Old: "1"},
	{Name: "cryptocustomrand", Package: "crypto", Changed: 26, Old: "1"},
	{Name: "fips140", Package: "crypto/fips140", Opaque: true, Immutable: true},
	{Name: "netdns", Package: "net", Opaque: true},
	{Name: "panicnil", Package: "runtime", Changed: 21, Old: "1"},
	{Name: "urlstrictcolons", Package: "net/url", Changed: 26, Old: "0"},
}

var Removed = []RemovedInfo{
	{Name: "x509sha1", Removed: 24},
	{Name: "tls3des", Removed: 25, Old: one},
	{Name: "two", Removed: 26, Old: func(s string) bool { return s == "1" || s == "2" }},
}

func one(s string) bool { return s == "1" }
`
	runtimeVars = `package runtime

var dbgvars = []*dbgVar{
	{name: "asynctimerchan", atomic: &debug.asynctimerchan},
	{name: "gctrace", value: &debug.gctrace, def: 1},
}
`
)

// sdk writes the files with the tables into a directory.
func sdk(t *testing.T, settings, runtimeVars string) string {
	t.Helper()
	dir := t.TempDir()
	for file, text := range map[string]string{settingsFile: settings, runtimeFile: runtimeVars} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func testTable(t *testing.T) *Table {
	t.Helper()
	table, err := ReadTable(sdk(t, settings, runtimeVars), "go1.26")
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestReadTable(t *testing.T) {
	testTable(t)
	for _, tt := range []struct{ old, new, err string }{
		{"var All", "var Most", "found no variable All"},
		{"[]Info{\n", "[]Info{}\nvar x = []Info{\n", "table.go:3: found no list in All"},
		{"var All = []Info{", "var All = list()\nvar x = []Info{", "found no list in All"},
		{`{Name: "netdns", Package: "net", Opaque: true}`, "netdns", "table.go:7: found no struct literal"},
		{`{Name: "netdns", Package: "net", Opaque: true}`, `{"netdns", "net"}`, "table.go:7: found a field without its name"},
		{`Name: "netdns", `, ``, "table.go:7: the setting has no field Name"},
		{`Name: "netdns"`, `Name: netdns`, "table.go:7: field Name: want a string constant"},
		{`Name: "netdns"`, `Name: ""`, "table.go:7: field Name: want a string constant"},
		{`Name: "netdns"`, `Name: "net,dns"`, "table.go:7: field Name: want a string constant"},
		{`Name: "netdns"`, `Name: "fips140"`, "table.go:7: found \"fips140\" again"},
		{`Package: "net"`, `Package: "net", Package: "net"`, "table.go:7: found no name of a field, or one again"},
		{`Opaque: true}`, `Opaque: true, Level: 3}`, "table.go:7: found the field Level"},
		{`Changed: 21`, `Changed: last`, "table.go:8: field Changed: want the minor version"},
		{`Changed: 21, Old: "1"`, `Changed: 21`, "table.go:8: the setting has no field Old"},
		{`Changed: 21, Old: "1"`, `Changed: 21, Old: "a=b"`, "table.go:8: field Old: want a string constant"},
		{`Old: one`, `Old: other`, "table.go:14: field Old: want a function"},
		{`s == "1" || s == "2"`, `s == "1" && s == "2"`, "table.go:15: field Old: want a function"},
		{`s == "1" || s == "2"`, `t == "1"`, "table.go:15: field Old: want a function"},
		{`{ return s == "1" }`, `{ s = ""; return s == "1" }`, "table.go:14: field Old: want a function"},
		{"package godebugs", "godebugs", "table.go:1:1: expected 'package'"},
	} {
		dir := sdk(t, strings.Replace(settings, tt.old, tt.new, 1), runtimeVars)
		if table, err := ReadTable(dir, "go1.26"); err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s in place of %s: %v, error %v, want %q", tt.new, tt.old, table, err, tt.err)
		}
	}
	_, err := ReadTable(sdk(t, settings, "package runtime\n"), "go1.26")
	if err == nil || !strings.Contains(err.Error(), "found no variable dbgvars") {
		t.Errorf("no dbgvars: error %v", err)
	}
	if _, err := ReadTable(t.TempDir(), "go1.26"); err == nil || !strings.Contains(err.Error(), "table.go: no such file") {
		t.Errorf("no SDK: error %v", err)
	}
	if _, err := ReadTable(sdk(t, settings, runtimeVars), "devel"); err == nil || !strings.Contains(err.Error(), "no series") {
		t.Errorf("no series: error %v", err)
	}
}

func TestParse(t *testing.T) {
	table := testTable(t)
	for _, tt := range []struct{ in, err string }{
		{"panicnil=1", ""},
		{"gctrace=1", ""},
		{"default=go1.21", ""},
		{"default=go1.21rc2", ""},
		{"default=go1.26.8", ""},
		{"netdns=go+1", ""},
		{"fips140=only", ""},
		{"panicnil", "want key=value"},
		{"panicnill=1", "not known to the Go SDK, of go1.26"},
		{"=1", "not known"},
		{"x509sha1=1", "was removed in go1.24"},
		{"x509sha1=0", "was removed in go1.24"},
		{"tls3des=1", "was removed in go1.25 (https://go.dev/doc/godebug#go-125)"},
		{"tls3des=0", ""},
		{"two=2", "was removed in go1.26"},
		{"two=3", ""},
		{"default=1.21", "want default=go1.N"},
		{"default=go1.x", "want default=go1.N"},
		{"default=go1.21.x", "want default=go1.N"},
		{"default=go1.27", "is newer than go1.26"},
		{"panicnil=1,gctrace=1", "comma"},
		{"gctrace=1,x=2", "comma"},
		{"gctrace=1 ", "comma or space"},
	} {
		s, err := table.Parse(tt.in, "-godebug")
		if tt.err == "" {
			if err != nil || s.Key+"="+s.Value != tt.in {
				t.Errorf("Parse(%q) = %+v, %v", tt.in, s, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), "-godebug") {
			t.Errorf("Parse(%q): error %v, want %q", tt.in, err, tt.err)
		}
	}
}

func TestDirectives(t *testing.T) {
	table := testTable(t)
	for _, tt := range []struct{ name, file, text, want, err string }{
		{name: "none", file: "a.go", text: "package main\n"},
		{name: "two", file: "a.go", text: "//go:debug panicnil=1\n//go:debug\tnetdns=go\n\npackage main\n", want: "panicnil=1 netdns=go"},
		{name: "after the package clause", file: "a.go", text: "package main\n\n//go:debug panicnil=1\n"},
		{name: "not at the start of a line", file: "a.go", text: "// //go:debug panicnil=1\npackage main\n"},
		{name: "in a general comment", file: "a.go", text: "/*\n//go:debug panicnil=1\n*/\npackage main\n"},
		{name: "longer word", file: "a.go", text: "//go:debugger panicnil=1\npackage main\n"},
		{name: "constraint that holds", file: "a.go", text: "//go:build linux && tagged\n\n//go:debug panicnil=1\npackage main\n", want: "panicnil=1"},
		{name: "constraint that does not", file: "a.go", text: "//go:build windows\n\n//go:debug nosuch=1\npackage main\n"},
		{name: "another machine's file", file: "a_arm64.go", text: "//go:debug panicnil=1\npackage main\n"},
		{name: "assembly", file: "a.s", text: "//go:debug panicnil=1\n"},
		{name: "embedded data", file: "a.txt", text: "no Go"},
		{name: "unknown", file: "a.go", text: "\n//go:debug nosuch=1\npackage main\n", err: "a.go:2: //go:debug nosuch=1: is not known"},
		{name: "of the runtime", file: "a.go", text: "//go:debug gctrace=1\npackage main\n", err: "a.go:1: //go:debug gctrace=1: is not known"},
		{name: "empty", file: "a.go", text: "//go:debug\npackage main\n", err: "a.go:1: //go:debug: want key=value"},
		{name: "no Go at all", file: "a.go", text: "hello\n", err: "a.go:1:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tt.file)
			if err := os.WriteFile(file, []byte(tt.text), 0o666); err != nil {
				t.Fatal(err)
			}
			ctx := build.Context{GOOS: "linux", GOARCH: "amd64", Compiler: "gc", BuildTags: []string{"tagged"}}
			found, err := table.Directives(&ctx, file)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want %q", err, tt.err)
				}
				return
			}
			var words []string
			for _, s := range found {
				words = append(words, s.Key+"="+s.Value)
			}
			if got := strings.Join(words, " "); err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestDefault(t *testing.T) {
	table := testTable(t)
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"panicnil=1", "panicnil=1"},
		{"tls3des=0 netdns=go panicnil=1", "netdns=go,panicnil=1,tls3des=0"},
		{"netdns=go netdns=cgo", "netdns=cgo"},
		{"default=go1.26", ""},
		{"default=go1.25", "cryptocustomrand=1,urlstrictcolons=0"},
		{"default=go1.25 urlstrictcolons=1", "cryptocustomrand=1,urlstrictcolons=1"},
		{"urlstrictcolons=1 default=go1.25.3", "cryptocustomrand=1,urlstrictcolons=1"},
		{"default=go1.20 default=go1.26 gctrace=0", "gctrace=0"},
	} {
		var list []Setting
		for _, word := range strings.Fields(tt.in) {
			s, err := table.Parse(word, "-godebug")
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, s)
		}
		if got := table.Default(list); got != tt.want {
			t.Errorf("Default(%s) = %q, want %q", tt.in, got, tt.want)
		}
	}
	// Every setting whose default ever changed is back at its old value.
	old := table.Default([]Setting{{Key: "default", Value: "go1.18"}})
	for name, c := range table.settings {
		want := fmt.Sprintf("%s=%s", name, c.old)
		if has := strings.Contains(","+old+",", ","+want+","); has != (c.minor > 0) {
			t.Errorf("default=go1.18 gives %s: %v", want, has)
		}
	}
}
