package compare

import "testing"

func TestPlainName(t *testing.T) {
	for name, want := range map[string]string{
		"main.main":                            "main.main",
		"runtime.morestack.abi0":               "runtime.morestack",
		"sync/atomic.StoreUintptr-tramp0":      "sync/atomic.StoreUintptr",
		"runtime.duffzero+1c-tramp2":           "runtime.duffzero",
		"example.com/x-tramp.F":                "example.com/x-tramp.F",
		"main.(*T[go.shape.int]).M-fm":         "main.(*T[go.shape.int]).M-fm",
		"crypto/internal/fips140/aes.expand<1": "crypto/internal/fips140/aes.expand<1",
	} {
		if got := plainName(name); got != want {
			t.Errorf("plainName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestCounted(t *testing.T) {
	for _, tt := range []struct{ name, before, number, after string }{
		{"runtime.init.3", "runtime.init.", "3", ""},
		{"runtime.init.3.func1.2", "runtime.init.", "3", ".func1.2"},
		{"a.b/c.init.func2", "a.b/c.init.", "func2", ""},
		{"a/c.glob..func2.1", "a/c.", "func2", ".1"},
		{"main.init", "", "", ""},
		{"main.(*T).init.func1", "main.(*T).init.", "func1", ""},
		{"main.initial.func1", "", "", ""},
	} {
		before, number, after, ok := counted(tt.name)
		if before != tt.before || number != tt.number || after != tt.after || ok != (tt.number != "") {
			t.Errorf("counted(%q) = %q, %q, %q, %v", tt.name, before, number, after, ok)
		}
	}
}

func TestDeclared(t *testing.T) {
	for name, want := range map[string]string{
		"internal/cpu.doinit.func1":       "internal/cpu.doinit",
		"main.main.func1.2":               "main.main",
		"main.main.gowrap1":               "main.main",
		"main.f.deferwrap2":               "main.f",
		"main.f-range1":                   "main.f",
		"main.f.func1-range2":             "main.f",
		"main.(*T[go.shape.int]).M-fm":    "main.(*T).M",
		"main.(*T[go.shape.int]).M.func3": "main.(*T).M",
		"main.main":                       "main.main",
		"memeqbody":                       "memeqbody",
	} {
		if got := declared(name); got != want {
			t.Errorf("declared(%q) = %q, want %q", name, got, want)
		}
	}
}
