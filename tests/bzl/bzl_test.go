// Package bzl tests that each bzl_library of the module holds what its files load, directly and through others.
package bzl

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bazelbuild/rules_go/go/runfiles"
)

// library is what sources.bzl writes of one. Sources of other modules begin with "../" and the name of a repository.
type library struct {
	Srcs           []string `json:"srcs"`
	TransitiveSrcs []string `json:"transitive_srcs"`
}

// loads finds the labels of load statements, in files as buildifier formats them.
var loads = regexp.MustCompile(`(?m)^load\(\s*"([^"]+)"`)

func TestLibraries(t *testing.T) {
	libraries := read(t, "SOURCES")
	var public []string
	for name, l := range libraries {
		if missing := missing(t, l); len(missing) != 0 {
			t.Errorf("%s lacks %q; add them to its deps", name, missing)
		}
		public = append(public, l.Srcs...)
	}
	all := slices.DeleteFunc(slices.Clone(libraries["@@//rules:defs"].TransitiveSrcs), func(file string) bool {
		return path.Dir(file) != "rules"
	})
	if len(all) < 10 {
		t.Fatalf("//rules:defs has the public files %q, want at least 10", all)
	}
	for _, file := range all {
		if !slices.Contains(public, file) {
			t.Errorf("%s is in no library of the test; add its own to BUILD.bazel", file)
		}
	}
}

func TestFindsWhatIsMissing(t *testing.T) {
	for _, l := range read(t, "INCOMPLETE") {
		if missing := missing(t, l); !slices.Contains(missing, "rules/go_static_binary.bzl loaded by rules/defs.bzl") {
			t.Errorf("found %q missing, want rules/go_static_binary.bzl, too", missing)
		}
	}
}

func read(t *testing.T, env string) map[string]library {
	t.Helper()
	data, err := os.ReadFile(rlocation(t, os.Getenv(env)))
	if err != nil {
		t.Fatal(err)
	}
	var libraries map[string]library
	if err := json.Unmarshal(data, &libraries); err != nil {
		t.Fatal(err)
	}
	if len(libraries) == 0 {
		t.Fatal("no libraries")
	}
	return libraries
}

// missing returns what files of this module load in a library that does not hold it.
func missing(t *testing.T, l library) []string {
	t.Helper()
	var missing []string
	for _, file := range l.TransitiveSrcs {
		if strings.HasPrefix(file, "../") {
			continue
		}
		text, err := os.ReadFile(rlocation(t, "_main/"+file))
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range loads.FindAllStringSubmatch(string(text), -1) {
			repository, loaded := split(match[1], path.Dir(file))
			if !slices.ContainsFunc(l.TransitiveSrcs, func(src string) bool { return is(src, repository, loaded) }) {
				missing = append(missing, fmt.Sprintf("%s loaded by %s", path.Join(repository, loaded), file))
			}
		}
	}
	return missing
}

// split returns the repository of a label in a package of this module, empty for this one, and the path in it.
func split(label, pkg string) (repository, file string) {
	repository, file, ok := strings.Cut(label, "//")
	if !ok {
		return "", pkg + strings.ReplaceAll(label, ":", "/")
	}
	return strings.TrimPrefix(strings.TrimPrefix(repository, "@"), "rules_go3s"), strings.ReplaceAll(file, ":", "/")
}

// is reports whether src is a path in a repository, by the repository's apparent name.
func is(src, repository, file string) bool {
	if repository == "" {
		return src == file
	}
	// The canonical name of a module's repository is rules_go~ or, from Bazel 8 on, rules_go+.
	canonical, inside, _ := strings.Cut(strings.TrimPrefix(src, "../"), "/")
	return inside == file && strings.TrimRight(canonical, "~+") == repository
}

func rlocation(t *testing.T, name string) string {
	t.Helper()
	file, err := runfiles.Rlocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}
