package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The rules start linkcheck with flags that it has, and hand over each setting of a policy that is a flag.
func TestStarlarkFlags(t *testing.T) {
	known := map[string]bool{}
	for _, c := range tool().Commands {
		for _, f := range c.Flags {
			known["-"+f.Names[0]] = true
		}
	}
	files, err := filepath.Glob("../../rules/private/*.bzl")
	if err != nil {
		t.Fatal(err)
	}
	flag := regexp.MustCompile(`"(--[a-z][a-z-]*)`)
	uses := map[string]string{} // flags of each file
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "LINKCHECK_TOOLCHAIN") {
			continue
		}
		for _, m := range flag.FindAllStringSubmatch(string(text), -1) {
			uses[filepath.Base(file)] += m[1] + " "
			if !known[m[1]] {
				t.Errorf("%s: linkcheck has no flag %s", file, m[1])
			}
		}
	}
	for _, file := range []string{"check.bzl", "linkcheck_test.bzl"} {
		for _, setting := range []string{"--profile", "--goarch", "--policy", "--size-budget"} {
			if !strings.Contains(uses[file], setting+" ") {
				t.Errorf("rules/private/%s does not use %s", file, setting)
			}
		}
	}
}
