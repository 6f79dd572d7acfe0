// Package attributes tests the files that Bazel builds; run it by `bazel test`.
package attributes

import (
	"debug/buildinfo"
	"debug/elf"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// path returns the file whose path an environment variable of the BUILD file holds.
func path(t *testing.T, variable string) string {
	t.Helper()
	p := os.Getenv(variable)
	if p == "" {
		t.Fatalf("%s is not set: run this test by `bazel test`", variable)
	}
	return p
}

func TestSymbolsAndDWARF(t *testing.T) {
	for _, test := range []struct {
		variable      string
		symbols       []string // that must be there
		absent        []string // that must not
		dwarf, loaded bool
	}{
		{"STRIP_ALL", []string{"go:func.*", "main.main"}, []string{"runtime.main", "fmt.Println"}, false, true},
		{"STRIP_ALL_DEBUG", []string{"main.main", "runtime.main"}, nil, true, false},
		{"STRIP_DEBUG", []string{"go:func.*", "main.main", "runtime.main"}, nil, false, true},
		{"STRIP_NONE", []string{"go:func.*", "main.main", "runtime.main"}, nil, true, true},
	} {
		t.Run(test.variable, func(t *testing.T) {
			file, err := elf.Open(path(t, test.variable))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			symbols, err := file.Symbols()
			if err != nil {
				t.Fatal(err)
			}
			has := func(name string) bool {
				return slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == name })
			}
			for _, name := range test.symbols {
				if !has(name) {
					t.Errorf("no symbol %s", name)
				}
			}
			for _, name := range test.absent {
				if has(name) {
					t.Errorf("symbol %s was not taken out", name)
				}
			}
			if found := file.Section(".debug_info") != nil || file.Section(".zdebug_info") != nil; found != test.dwarf {
				t.Errorf("DWARF: %v, want %v", found, test.dwarf)
			}
			if text := file.Section(".text"); text == nil || (text.Type == elf.SHT_PROGBITS) != test.loaded {
				t.Errorf(".text: %v, want contents: %v", text, test.loaded)
			}
		})
	}
}

func TestLinkedValues(t *testing.T) {
	for _, test := range []struct{ variable, want string }{
		// Without --stamp a value with a {KEY} is not set, as with go_binary.
		{"STRIP_ALL", "v1.2.3 unset unset"},
		{"STRIP_NONE", "unset unset unset"},
		{"WRAPPED", "v4.5.6 stable unset"},
	} {
		out, err := exec.Command(path(t, test.variable)).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", test.variable, err, out)
		}
		if got := strings.TrimSpace(string(out)); got != test.want {
			t.Errorf("%s printed %q, want %q", test.variable, got, test.want)
		}
	}
}

// The program names the modules whose packages it has, as go version -m prints them.
func TestModules(t *testing.T) {
	info, err := buildinfo.ReadFile(path(t, "MODULES"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`^v0\.\d+\.\d+$`)
	if len(info.Deps) != 1 || info.Deps[0].Path != "golang.org/x/mod" || !version.MatchString(info.Deps[0].Version) {
		t.Errorf("modules in the build information:\n%s\nwant golang.org/x/mod alone", info)
	}
	info, err = buildinfo.ReadFile(path(t, "STRIP_ALL"))
	if err != nil || len(info.Deps) != 0 {
		t.Errorf("a program of the standard library alone: %v, %v, want no modules", info.Deps, err)
	}
}
