package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	moduleHead = regexp.MustCompile(`(?s)\nmodule\(\n[^)]*\bname = "rules_go3s",\n[^)]*\bversion = "([^"]+)",`)
	section    = regexp.MustCompile(`(?m)^## (.*)$`)
	released   = regexp.MustCompile(`^\[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$`)
)

// moduleVersion returns the version that MODULE.bazel gives the module: the one place where it is chosen.
func moduleVersion(root string) (string, error) {
	name := filepath.Join(root, "MODULE.bazel")
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	match := moduleHead.FindSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("%s: found no module(name = \"rules_go3s\", version = …), want one", name)
	}
	return string(match[1]), nil
}

// changelogVersion returns the newest released version of CHANGELOG.md, empty if there is none. Its sections are
// "[Unreleased]", which comes first and may be missing, and "[VERSION] - YYYY-MM-DD", as keepachangelog.com has them.
func changelogVersion(root string) (string, error) {
	name := filepath.Join(root, "CHANGELOG.md")
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	newest := ""
	for i, match := range section.FindAllStringSubmatch(string(text), -1) {
		version := released.FindStringSubmatch(match[1])
		switch {
		case version == nil && (i != 0 || match[1] != "[Unreleased]"):
			return "", fmt.Errorf("%s: found the section %q, want \"[VERSION] - YYYY-MM-DD\", or \"[Unreleased]\" before all others",
				name, match[1])
		case version != nil && newest == "":
			newest = version[1]
		}
	}
	return newest, nil
}

// publishable returns what keeps the checkout at root from being released under tag.
func publishable(root, version, tag string) error {
	if tag != "v"+version {
		return fmt.Errorf("the tag is %s, and MODULE.bazel has version = %q: want the tag v%s", tag, version, version)
	}
	newest, err := changelogVersion(root)
	if err != nil {
		return err
	}
	if newest != version {
		return fmt.Errorf("CHANGELOG.md: the newest section with a version is for %q, want %q, as MODULE.bazel has it; rename \"[Unreleased]\"",
			newest, version)
	}
	changed, err := output(root, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("want every file as it is committed; commit or remove\n%s", strings.TrimSuffix(changed, "\n"))
	}
	return nil
}
