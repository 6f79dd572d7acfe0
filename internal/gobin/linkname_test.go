package gobin

import "testing"

func TestPackageOf(t *testing.T) {
	for name, want := range map[string]string{
		"_.goready.func1":                  "",
		"example.com/_.f":                  "example.com/_",
		"main.main":                        "main",
		"net/http.(*Client).Do":            "net/http",
		"example.com/a%2eb.F":              "example.com/a.b",
		"example.com/a.v2/b.F":             "example.com/a.v2/b",
		"slices.Sort[go.shape.[]a/b.T]":    "slices",
		"type:.eq.main.T":                  "",
		"go:textfipsend":                   "",
		"memeqbody":                        "",
		"sync.(*Pool[a/b.T,c/d.U]).Get":    "sync",
		"internal/cpu.doinit.func1":        "internal/cpu",
		"vendor/golang.org/x/sys/cpu.init": "vendor/golang.org/x/sys/cpu",
	} {
		if got := PackageOf(name); got != want {
			t.Errorf("PackageOf(%q) = %q, want %q", name, got, want)
		}
	}
}
