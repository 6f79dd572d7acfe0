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

func TestDropTypeArguments(t *testing.T) {
	for name, want := range map[string]string{
		"main.main":                   "main.main",
		"slices.Sort[go.shape.[]int]": "slices.Sort",
		"main.F[go.shape.int].func1":  "main.F.func1",
		// A generic method of a generic type, and of one that is not; Go 1.27.4 writes these names.
		"a/b.(*List[go.shape.struct { main.a [3]int }]).Map[go.shape.map[string][2]int].func1":           "a/b.(*List).Map.func1",
		"a/b.(*Plain).Do[go.shape.int].func1":                                                            "a/b.(*Plain).Do.func1",
		`main.(*List[go.shape.struct { A int "a:\"[\" b:\"x\\\\]]\\\"\"" }]).Map[go.shape.string].func1`: "main.(*List).Map.func1",
	} {
		if got := DropTypeArguments(name); got != want {
			t.Errorf("DropTypeArguments(%q) = %q, want %q", name, got, want)
		}
	}
}
