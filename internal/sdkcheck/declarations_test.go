package sdkcheck

import (
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

func split(t *testing.T, src string) map[string]string {
	t.Helper()
	list, err := declarations("a.go", []byte(src))
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	out := map[string]string{}
	for _, d := range list {
		if out[d.name] != "" {
			t.Errorf("two declarations named %q", d.name)
		}
		out[d.name] = d.digest
	}
	return out
}

func TestDeclarations(t *testing.T) {
	const src = `// Package p.
package p

import (
	"fmt"
	. "unsafe"
)

const A, B = 1, 2
const (
	_ = iota
	C
	D
)

var x, y int
var (
	z = func() int { return 1 }()
	_ = z
	_ fmt.Stringer
)

type T struct{ a, b int }
type (
	G[P any] struct{ p P }
	H = T
)

func init()           {}
func init()           { x = 1 }
func f(a int) (b int)
func (t T) M()        {}
func (*T) N()         { switch { case true: } }
func (g *G[P]) Map[Q any](f func(P) Q) *G[Q] { return nil } // since Go 1.27
func (G[_]) Plain()   {}
`
	got := split(t, src)
	for _, name := range []string{"const A,B", "const C", "var x,y", "var z", "var _", "var _#2", "type T", "type G", "type H",
		"func init", "func init#2",
		"func f", "func T.M", "func (*T).N", "func (*G).Map", "func G.Plain"} {
		if len(got[name]) != digestLen {
			t.Errorf("no declaration %q", name)
		}
		delete(got, name)
	}
	if len(got) > 0 {
		t.Errorf("further declarations %v", got)
	}
}

// Comments and layout do not change a digest, and everything else does.
func TestDigest(t *testing.T) {
	digest := func(src string) string {
		t.Helper()
		got := split(t, "package p\n"+src+"\n")
		if len(got) != 1 {
			t.Fatalf("%s: declarations %v, want one", src, got)
		}
		for _, d := range got {
			return d
		}
		return ""
	}
	for _, tt := range []struct{ a, b string }{
		{"type T struct { a int; b string }", "// doc\ntype T struct {\n\ta int // one\n\n\tb string\n}"},
		{"type (T struct { a int })", "type T struct {\n\ta int\n}"},
		{"func f(a, b int) { g(a, b) }", "func f(\n\ta,\n\tb int,\n) {\n\tg(\n\t\ta, /* x */ b,\n\t)\n}"},
		{"var v = []int{1, 2}", "import \"fmt\"\nvar (v = []int{\n1,\n2,\n})"},
	} {
		if digest(tt.a) != digest(tt.b) {
			t.Errorf("the digests differ of\n%s\n%s", tt.a, tt.b)
		}
	}
	seen := map[string]string{}
	for _, src := range []string{
		"type T struct { a int; b string }", "type T struct { b string; a int }", "type T struct { a int; b string; c int }",
		"type T = struct { a int; b string }",
		"type T struct { a, b int }", "type T struct { a int `b` }", "const T = 1", "const T = 01", "const T = 'a'",
		"const T = \"a\"", "const (T = 1; U)",
		"const (T = 1; _; U)", "var T = 1", "var T int", "func f() { g(); h() }", "func f() { h(); g() }", "func f() { g(h()) }",
		"func f()", "func f() {}",
		"func f() { x = \"a b\" }", "func f() { x = \"a  b\" }", "func f() { x = `a // b` }", "func f() { x = a - b }", "func f() { x = a + b }",
	} {
		d := digest(src)
		if other := seen[d]; other != "" {
			t.Errorf("one digest of\n%s\n%s", src, other)
		}
		seen[d] = src
	}
}

func TestDeclarationsRefuses(t *testing.T) {
	for _, tt := range []struct{ src, err string }{
		{"package p\nx := 1\n", `a.go:2:1: found IDENT "x", want a declaration`},
		{"package p\nfunc f() {\n", "want the end of the declaration"},
		{"package p\nfunc (t *T", "want the end of the receiver"},
		{"package p\nfunc (t *T) {}\n", "want the name of a function"},
		{"package p\nconst (\nA = 1\n", "want the end of const ("},
		{"package p\nvar (\n1 = 2\n)\n", "want a name"},
		{"package p\ntype (\nT int\n", "want a name"},
		{"package p\nvar x = \"a\n", "string literal not terminated"},
		{"package p\n/* never closed", "comment not terminated"},
	} {
		list, err := declarations("a.go", []byte(tt.src))
		if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.HasPrefix(err.Error(), "a.go:") {
			t.Errorf("%q: %v, error %v, want %q", tt.src, list, err, tt.err)
		}
	}
}

func FuzzDeclarations(f *testing.F) {
	f.Add([]byte("package p\nconst (\n\tA = iota\n)\n\nfunc (t *T[P]) f() { g(1,) }\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var list []declaration
		var err error
		fuzztest.Bounded(t, len(src), 500, func() { list, err = declarations("a.go", src) })
		if err != nil {
			return
		}
		again, err := declarations("a.go", append([]byte("// comment\n"), src...))
		if err != nil {
			return // a byte order mark is at the start alone
		}
		for i := range list {
			if list[i].name != again[i].name || list[i].digest != again[i].digest {
				t.Fatalf("a comment changes %q %s to %q %s", list[i].name, list[i].digest, again[i].name, again[i].digest)
			}
		}
	})
}

func TestAssembly(t *testing.T) {
	const src = "#include \"a//b.h\"\n\nTEXT ·f(SB),NOSPLIT,$0-8 // f\n\tMOVQ\t$1, AX /* one\nand two */\n\tRET\n"
	want := assembly([]byte(src))
	if got := assembly([]byte("// head\n#include \"a//b.h\"\nTEXT  ·f(SB),NOSPLIT,$0-8\n  MOVQ $1, AX\n\n\n\tRET // end")); got != want {
		t.Error("layout and comments change the digest")
	}
	for _, other := range []string{strings.Replace(src, "$1", "$2", 1), strings.Replace(src, "\n\tRET", "; RET", 1),
		strings.Replace(src, "a//b.h", "a/b.h", 1),
		strings.Replace(src, "\tRET\n", "", 1), "", "/*", "//", "\"", "\"\\"} {
		if assembly([]byte(other)) == want {
			t.Errorf("the digest of %q is the same", other)
		}
	}
}
