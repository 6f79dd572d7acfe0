package golink

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// TestSeries compares what the file of a series and the code say of it with the sources of the SDK on PATH.
func TestSeries(t *testing.T) {
	goroot := gotool.Output(t, "", "amd64", "env", "GOROOT")
	series, err := goabi.For(gotool.Output(t, "", "amd64", "env", "GOVERSION"))
	if err != nil {
		t.Fatal(err)
	}
	r := releases[series.Name]()
	source := func(path string) string {
		data, err := os.ReadFile(filepath.Join(goroot, "src", "cmd", filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	// list returns what pattern matches in the text between start and the next line "}".
	list := func(text, start, pattern string) [][]string {
		_, text, ok := strings.Cut(text, start)
		if !ok {
			t.Fatalf("no %q in the sources", start)
		}
		text, _, _ = strings.Cut(text, "\n}")
		return regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(text, -1)
	}

	builtins := list(source("internal/goobj/builtinlist.go"), "}{", `\{"([^"]+)", (\d)\}`)
	if len(builtins) != len(r.builtins) {
		t.Errorf("%d builtins, want %d", len(r.builtins), len(builtins))
	}
	for i, b := range r.builtins {
		if i < len(builtins) && (b.name != builtins[i][1] || b.abi != int(builtins[i][2][0]-'0')) {
			t.Errorf("builtin %d is %v, want %q", i, b, builtins[i][1:])
		}
	}
	linknames := list(source("link/internal/loader/loader.go"), "var blockedLinknames", `^\t"([^"]+)":\s+\{([^}]*)\}`)
	if len(linknames) != len(r.linknames) {
		t.Errorf("%d restricted names, want %d", len(r.linknames), len(linknames))
	}
	for _, n := range linknames {
		want := strings.FieldsFunc(n[2], func(c rune) bool { return strings.ContainsRune(`", `, c) })
		if got, ok := r.linknames[n[1]]; !ok || !slices.Equal(got, want) {
			t.Errorf("%s is for packages %q, want %q", n[1], got, want)
		}
	}
	packages := list(source("internal/objabi/pkgspecial.go"), "var runtimePkgs", `^\t"([^"]+)",`)
	if len(packages) != len(r.runtime) {
		t.Errorf("%d packages of the runtime, want %d", len(r.runtime), len(packages))
	}
	for _, p := range packages {
		if !r.isRuntime(p[1]) {
			t.Errorf("package %s is not one of the runtime", p[1])
		}
	}
	pattern := regexp.MustCompile(`(?m)^\t(R_\w+)( RelocType = 1 \+ iota)?$`)
	relocs := pattern.FindAllStringSubmatch(source("internal/objabi/reloctype.go"), -1)
	for i, n := range relocs {
		if n[1] == "R_INITORDER" && i+1 != int(r.relocInitOrder) {
			t.Errorf("R_INITORDER is %d, want %d", r.relocInitOrder, i+1)
		}
	}
	if len(relocs) < int(r.relocInitOrder) {
		t.Errorf("%d relocation types in the sources", len(relocs))
	}
}
