// Package docs tests the pages of the repository.
package docs

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = ".."

var (
	// A link or picture of Markdown, outside of code.
	link = regexp.MustCompile(`\]\(([^()\s]+(?:\([^()\s]*\))?[^()\s]*)\)`)
	// Code, of which links are none: fenced blocks, and spans between backquotes.
	code    = regexp.MustCompile("(?ms)^ *```.*?^ *```$|`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *$`)
	anchor  = regexp.MustCompile(`<a (?:id|name)="([^"]+)">`)
	// A page that a source file names by its path from the root. After a slash it is part of a longer path, or of a URL.
	named = regexp.MustCompile(`(?m)(?:^|[^/a-zA-Z0-9_.-])(docs/[a-zA-Z0-9_./-]+\.(?:md|html|json|svg))\b`)
)

// TestLinks: each relative link of a Markdown page names a file of the repository and, where it has a fragment, a heading in it.
func TestLinks(t *testing.T) {
	found := 0
	for _, page := range tracked(t, "*.md") {
		text := read(t, page)
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			found++
			if problem := dead(t, page, match[1]); problem != "" {
				t.Errorf("%s: the link %s: %s", page, match[1], problem)
			}
		}
	}
	if found < 100 {
		t.Errorf("found %d links, want at least 100: the pages of this repository have more", found)
	}
}

// dead returns what is wrong with a link in a page, empty if nothing is.
func dead(t *testing.T, page, target string) string {
	file, fragment, _ := strings.Cut(target, "#")
	if page == "tools/linkcheck/reference.md" { // becomes docs/linkcheck.md
		page = "docs/linkcheck.md"
	}
	name := page
	if file != "" {
		name = path.Join(path.Dir(page), file)
	}
	if _, err := os.Stat(filepath.Join(root, name)); err != nil {
		return "there is no " + name
	}
	if fragment != "" && path.Ext(name) == ".md" && !slices.Contains(anchors(read(t, name)), fragment) {
		return "there is no heading #" + fragment + " in " + name
	}
	return ""
}

// anchors returns the fragments by which GitHub, mkdocs and others know the headings of a page.
func anchors(text string) []string {
	var list []string
	for _, match := range heading.FindAllStringSubmatch(regexp.MustCompile("(?ms)^ *```.*?^ *```$").ReplaceAllString(text, ""), -1) {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', '0' <= r && r <= '9', 'a' <= r && r <= 'z', r > 0x7f:
				return r
			}
			return -1
		}, strings.ToLower(regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(match[1], "$1")))
		list = append(list, slug)
	}
	for _, match := range anchor.FindAllStringSubmatch(text, -1) {
		list = append(list, match[1])
	}
	return list
}

// TestNamedPages: what source files name as a page exists.
func TestNamedPages(t *testing.T) {
	found := 0
	for _, file := range tracked(t, "*.go", "*.bzl", "*.bazel", "*.sh", "*.md", "bazelw", "*.bazelrc") {
		if strings.Contains(file, "testdata/") {
			continue
		}
		for _, match := range named.FindAllStringSubmatch(read(t, file), -1) {
			found++
			if _, err := os.Stat(filepath.Join(root, match[1])); err != nil {
				t.Errorf("%s names %s, which does not exist", file, match[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d names of pages, want at least 20", found)
	}
}

// TestFindsDeadLinks: the tests above would see a page or heading that does not exist.
func TestFindsDeadLinks(t *testing.T) {
	for target, want := range map[string]string{
		"index.md":                 "",
		"none.md":                  "there is no docs" + "/none.md",
		"index.md#use":             "",
		"index.md#nothing-of-that": "there is no heading #nothing-of-that in docs/index.md",
	} {
		if got := dead(t, "docs/start.md", target); got != want {
			t.Errorf("%s: found %q, want %q", target, got, want)
		}
	}
}

// TestNavigation: mkdocs.yml names every page of docs, and no other file.
func TestNavigation(t *testing.T) {
	var listed []string
	for _, match := range regexp.MustCompile(`(?m)^ +- .*: ([a-zA-Z0-9_/.-]+\.md)$`).FindAllStringSubmatch(read(t, "mkdocs.yml"), -1) {
		listed = append(listed, "docs/"+match[1])
	}
	pages := slices.DeleteFunc(tracked(t, "docs/*.md"), func(page string) bool { return strings.Contains(page, "testdata/") })
	for _, page := range pages {
		if !slices.Contains(listed, page) {
			t.Errorf("mkdocs.yml lacks %s", page)
		}
		if first, _, _ := strings.Cut(read(t, page), "\n"); !strings.HasPrefix(first, "# ") {
			t.Errorf("%s begins with %q, want its title", page, first)
		}
	}
	for _, page := range listed {
		if !slices.Contains(pages, page) {
			t.Errorf("mkdocs.yml names %s, which does not exist", page)
		}
	}
}

// tracked returns the files of the repository that fit one of the patterns of git, and new ones that git does not ignore.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	// A file that was removed and not committed is listed still.
	return slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool {
		_, err := os.Stat(filepath.Join(root, name))
		return err != nil
	})
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
