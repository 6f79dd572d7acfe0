package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
)

func TestShippedStd(t *testing.T) {
	table := ShippedStd()
	for _, release := range table.releases {
		if _, _, err := goabi.Linked(release, goabi.Refuse); err != nil {
			t.Errorf("std.txt: %v", err)
		}
	}
	for fn, want := range map[string][]string{
		"runtime.memmove": {"runtime/memmove_amd64.s", "runtime/memmove_arm64.s", "runtime/memmove_riscv64.s"},
		"memeqbody":       {"internal/bytealg/equal_amd64.s", "internal/bytealg/equal_arm64.s"},
		"crypto/internal/fips140/sha256.block": {"crypto/internal/fips140/sha256/sha256block_amd64.go",
			"crypto/internal/fips140/sha256/sha256block_arm64.go", "crypto/internal/fips140/sha256/sha256block_asm.go", "crypto/internal/fips140/sha256/sha256block_riscv64.s"},
	} {
		var got []string
		for _, f := range table.specific[fn] {
			got = append(got, f.String())
		}
		for _, f := range got {
			if !slices.Contains(want, f) {
				t.Errorf("%s is declared in %q, want some of %q", fn, got, want)
			}
		}
		if len(got) == 0 {
			t.Errorf("%s is not in the table", fn)
		}
	}
	for set, names := range map[string][2]map[string]bool{
		"folds":      {table.folds, {"internal/poll.SendFile": true}},
		"intrinsics": {table.intrinsics, {"math.FMA": true, "math/bits.TrailingZeros64": true}},
		"helpers":    {table.helpers, {"runtime.memequal": true, "runtime.gcWriteBarrier1": true}},
		"packages":   {table.packages, {"runtime": true, "vendor/golang.org/x/sys/cpu": true}},
	} {
		for name := range names[1] {
			if !names[0][name] {
				t.Errorf("%s lacks %s", set, name)
			}
		}
	}
	if table.packages["cmd/go"] || table.packages["builtin"] {
		t.Error("the table has packages that no program links")
	}
}

func TestParseStd(t *testing.T) {
	const small = "# comment\ngo go1.26.8 go1.26.9\npackage runtime\nfile a.s amd64,arm64 runtime.f\nfolds runtime.g\n" +
		"intrinsics math.FMA\nhelpers runtime.h\n"
	table, err := ParseStd("std", []byte(small))
	if err != nil || table.check("p", "go1.26.9") != nil {
		t.Fatalf("%v, %v", table, err)
	}
	err = table.check("program", "go1.26.10")
	if err == nil || !strings.Contains(err.Error(), "program: made by go1.26.10; ") ||
		!strings.Contains(err.Error(), "std has that of go1.26.8, go1.26.9: name the SDK") {
		t.Errorf("another release: %v", err)
	}
	for _, tt := range []struct{ old, new, err string }{
		{"go go1.26.8 go1.26.9\n", "", "a part is missing"},
		{"go go1.26.8 go1.26.9\n", "go go1.26.8\ngo go1.26.9\n", "std:3: found"},
		{"package runtime\n", "", "std:3: found \"file a.s"},
		{"package runtime\n", "package\n", "std:3: found"},
		{"package runtime", "package os", "a part is missing"},
		{"folds runtime.g\n", "", "a part is missing"},
		{"folds runtime.g\n", "folds\n", "std:5: found"},
		{"folds runtime.g\n", "fold runtime.g\n", "std:5: found"},
		{"folds runtime.g\n", "\n", "std:5: found"},
		{"helpers runtime.h\n", "", "a part is missing"},
		{small, "", "a part is missing"},
	} {
		_, err := ParseStd("std", []byte(strings.Replace(small, tt.old, tt.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q in place of %q: error %v, want %q", tt.new, tt.old, err, tt.err)
		}
	}
}

func TestBySignature(t *testing.T) {
	for name, want := range map[string]bool{
		"type:.eq.SM11": true, "type:.eq.A1M11": true, "type:.hash.M8K8SI": true, "type:.eq.[3SM8]E": true, "type:.eq.F": true,
		"type:.eq.main.T": false, "type:.eq.": false, "type:.eq.M": false, "type:.eq.[4]string": false, "type:.eq.SM11.func1": false,
		"main.SM11": false, "type:.str.S": false, "type:.eq.A8": false,
	} {
		if got := bySignature.MatchString(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// A file's name alone makes nothing a part of the standard library.
func TestStdByNameOfFile(t *testing.T) {
	for _, tt := range []struct {
		fn   function
		want bool
	}{
		{function{name: "runtime.memmove", stdFile: "runtime/memmove_amd64.s"}, true},
		{function{name: "memeqbody", stdFile: "internal/bytealg/equal_amd64.s"}, true},
		{function{name: "runtime.init.(os_linux_riscv64.go:1)", stdFile: "runtime/os_linux_riscv64.go"}, true},
		{function{name: "main.init.(os_linux_riscv64.go:1)", stdFile: "runtime/os_linux_riscv64.go"}, false},
		{function{name: "main.open", stdFile: "runtime/memmove_amd64.s"}, false},
		{function{name: "runtime.backdoor", stdFile: "runtime/memmove_amd64.s"}, false},
		{function{name: "open", stdFile: ShippedStd().stdPath("example.com/app/main.go")}, false},
	} {
		if got := len(ShippedStd().declaredIn(&tt.fn)) > 0; got != tt.want {
			t.Errorf("declaredIn(%s in %s) found files: %v, want %v", tt.fn.name, tt.fn.stdFile, got, tt.want)
		}
	}
}

func TestStdPath(t *testing.T) {
	for file, want := range map[string]string{
		"runtime/proc.go":                       "runtime/proc.go",
		"GOROOT/src/runtime/proc.go":            "runtime/proc.go",
		"src/internal/bytealg/equal_arm64.s":    "internal/bytealg/equal_arm64.s",
		"example.com/app/main.go":               "",
		"<autogenerated>":                       "",
		"vendor/golang.org/x/sys/cpu/cpu.go":    "vendor/golang.org/x/sys/cpu/cpu.go",
		"example.com/fake/internal/cpu/cpu.go":  "internal/cpu/cpu.go", // its functions' names tell
		"/usr/lib/go/src/net/http/transport.go": "net/http/transport.go",
	} {
		if got := ShippedStd().stdPath(file); got != want {
			t.Errorf("stdPath(%q) = %q, want %q", file, got, want)
		}
	}
}

func TestHasType(t *testing.T) {
	for name, want := range map[string]bool{
		"type:.eq.[10]internal/cpu.option":                             true,
		"type:.hash.runtime.traceSchedResourceState":                   true,
		"type:.eq.main.T":                                              false,
		"type:.eq.struct { a net/http.Header; b example.com/app/x.T }": false,
		"type:.eq.[4]string":                                           false,
		"main.T":                                                       false,
	} {
		if got := ShippedStd().hasType(name, nil); got != want {
			t.Errorf("hasType(%q) = %v, want %v", name, got, want)
		}
	}
}
