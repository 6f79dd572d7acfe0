package godebug

import (
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ in, err string }{
		{"panicnil=1", ""},
		{"gctrace=1", ""},
		{"default=go1.21", ""},
		{"default=go1.21rc2", ""},
		{"default=go1.26.8", ""},
		{"netdns=go+1", ""},
		{"fips140=only", ""},
		{"panicnil", "want key=value"},
		{"panicnill=1", "not known to go1.26"},
		{"=1", "not known"},
		{"x509sha1=1", "was removed in go1.24"},
		{"default=1.21", "want default=go1.N"},
		{"default=go1.x", "want default=go1.N"},
		{"default=go1.21.x", "want default=go1.N"},
		{"default=go1.27", "is newer than go1.26"},
		{"panicnil=1,gctrace=1", "comma"},
		{"gctrace=1,x=2", "comma"},
		{"gctrace=1 ", "comma or space"},
	} {
		s, err := Parse(tt.in, "-godebug")
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
	for _, tt := range []struct{ name, file, text, want, err string }{
		{name: "none", file: "a.go", text: "package main\n"},
		{name: "two", file: "a.go", text: "//go:debug panicnil=1\n//go:debug\tnetdns=go\n\npackage main\n", want: "panicnil=1 netdns=go"},
		{name: "behind the package clause", file: "a.go", text: "package main\n\n//go:debug panicnil=1\n"},
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
			found, err := Directives(&ctx, file)
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
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"panicnil=1", "panicnil=1"},
		{"tls3des=1 netdns=go panicnil=1", "netdns=go,panicnil=1,tls3des=1"},
		{"netdns=go netdns=cgo", "netdns=cgo"},
		{"default=go1.26", ""},
		{"default=go1.25", "cryptocustomrand=1,tlssecpmlkem=0,urlstrictcolons=0"},
		{"default=go1.25 urlstrictcolons=1", "cryptocustomrand=1,tlssecpmlkem=0,urlstrictcolons=1"},
		{"urlstrictcolons=1 default=go1.25.3", "cryptocustomrand=1,tlssecpmlkem=0,urlstrictcolons=1"},
		{"default=go1.20 default=go1.26 gctrace=0", "gctrace=0"},
	} {
		var list []Setting
		for _, word := range strings.Fields(tt.in) {
			s, err := Parse(word, "-godebug")
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, s)
		}
		if got := Default(list); got != tt.want {
			t.Errorf("Default(%s) = %q, want %q", tt.in, got, tt.want)
		}
	}
	// Every setting whose default ever changed is back at its old value.
	old := Default([]Setting{{Key: "default", Value: "go1.18"}})
	for name, c := range settings {
		want := fmt.Sprintf("%s=%s", name, c.old)
		if has := strings.Contains(","+old+",", ","+want+","); has != (c.minor > 0) {
			t.Errorf("default=go1.18 gives %s: %v", want, has)
		}
	}
}
