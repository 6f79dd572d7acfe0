package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// Releases that CI builds and verifies. Between them they use every attribute of go_release: who wants to know how one is used finds it
// there, and one that does not work fails CI.
var releases = []string{"release", "examples/release", "e2e/outsider/licences"}

func TestAttributesAreUsed(t *testing.T) {
	// Both files are as buildifier formats them.
	attributes := matches(t, "rules/private/release.bzl", `(?s)\ngo3s_release = rule\(.*?\n    \},\n`, `(?m)^        "(\w+)": attr\.`)
	if len(attributes) < 30 || !slices.Contains(attributes, "source_date_epoch") {
		t.Fatalf("go_release has the attributes %q: too few", attributes)
	}
	used := map[string]bool{}
	for _, pkg := range releases {
		for _, name := range matches(t, filepath.Join(pkg, "BUILD.bazel"), `(?s)\ngo_release\(\n.*?\n\)\n`, `(?m)^    (\w+) = `) {
			if name != "name" && name != "tags" && !slices.Contains(attributes, name) {
				t.Errorf("//%s sets %s, which rules/private/release.bzl does not declare", pkg, name)
			}
			used[name] = true
		}
	}
	for _, name := range attributes {
		if !used[name] {
			t.Errorf("no release in %q uses %s: set it where it makes sense, and test its value in e2e/release", releases, name)
		}
	}
}

// matches returns what the group of inner matches in the part of a file that outer matches.
func matches(t *testing.T, file, outer, inner string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	parts := regexp.MustCompile(outer).FindAll(text, -1)
	if len(parts) != 1 {
		t.Fatalf("%s: %d parts match %s, want one", file, len(parts), outer)
	}
	for _, m := range regexp.MustCompile(inner).FindAllSubmatch(parts[0], -1) {
		names = append(names, string(m[1]))
	}
	return names
}
