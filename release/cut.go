package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

const (
	unreleased = "## [Unreleased]\n"
	repository = "https://github.com/go3s/rules_go3s"
)

// cut makes a version of the checkout at root: it writes the version wherever the old one is and the day into //release, makes a section of
// "[Unreleased]" in CHANGELOG.md, commits that and tags the commit. It pushes nothing. When it fails, the files are as they were committed.
func cut(root, version string, day time.Time) (err error) {
	tag := "v" + version
	old, err := moduleVersion(root)
	if err != nil {
		return err
	}
	if !semver.IsValid(tag) || semver.Canonical(tag) != tag || semver.Prerelease(tag) != "" {
		return fmt.Errorf("version %q: want three numbers, such as 0.2.0", version)
	}
	newest, err := changelogVersion(root)
	if err != nil {
		return err
	}
	if semver.Compare(tag, "v"+old) < 0 || newest != "" && semver.Compare(tag, "v"+newest) <= 0 {
		return fmt.Errorf("version %s: MODULE.bazel has %s, and the newest in CHANGELOG.md is %q: want one that is newer", version, old, newest)
	}
	changed, err := output(root, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		return fmt.Errorf("want every file as it is committed; commit or remove\n%s", strings.TrimSuffix(changed, "\n"))
	}
	if tags, err := output(root, "git", "tag", "--list", tag); err != nil || tags != "" {
		return errors.Join(err, fmt.Errorf("the tag %s is there already: want a version that was never cut", tag))
	}
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	closed, err := closeSection(string(changelog), newest, version, day)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, undone := output(root, "git", "checkout", "--", ".")
			err = errors.Join(err, undone)
		}
	}()
	if err := os.WriteFile(filepath.Join(root, "CHANGELOG.md"), []byte(closed), 0o666); err != nil {
		return err
	}
	if err := rename(root, old, version); err != nil {
		return err
	}
	if err := date(root, day); err != nil {
		return err
	}
	if _, err := output(root, "git", "commit", "--all", "--quiet", "--message", "Release "+tag); err != nil {
		return err
	}
	_, err = output(root, "git", "tag", tag)
	return err
}

// closeSection returns the changelog with what is unreleased as a section of the version, under an empty "[Unreleased]".
func closeSection(changelog, previous, version string, day time.Time) (string, error) {
	before, rest, ok := strings.Cut(changelog, unreleased)
	if !ok {
		return "", fmt.Errorf("CHANGELOG.md: found no line %q, want one", strings.TrimSpace(unreleased))
	}
	body := rest
	if i := strings.Index(rest, "\n## "); i >= 0 {
		body = rest[:i]
	}
	if !strings.Contains(body, "\n- ") {
		return "", errors.New("CHANGELOG.md: nothing is unreleased, want an entry at least")
	}
	const link = "\n[Unreleased]: "
	i := strings.Index(rest, link)
	if i < 0 {
		return "", fmt.Errorf("CHANGELOG.md: found no link %q, want one", strings.TrimSpace(link))
	}
	links := rest[i+1:]
	_, links, _ = strings.Cut(links, "\n")
	of := repository + "/releases/tag/v" + version
	if previous != "" {
		of = repository + "/compare/v" + previous + "...v" + version
	}
	return before + unreleased + fmt.Sprintf("\n## [%s] - %s\n", version, day.Format(time.DateOnly)) + rest[:i+1] +
		fmt.Sprintf("[Unreleased]: %s/compare/v%s...main\n[%s]: %s\n", repository, version, version, of) + links, nil
}

var epoch = regexp.MustCompile(`(?m)^(    source_date_epoch = )\d+,$`)

// date makes the day the date of everything in //release.
func date(root string, day time.Time) error {
	name := filepath.Join(root, "release", "BUILD.bazel")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if n := len(epoch.FindAll(text, -1)); n != 1 {
		return fmt.Errorf("%s: found %d lines with source_date_epoch, want one", name, n)
	}
	midnight := day.UTC().Truncate(24 * time.Hour)
	return os.WriteFile(name, epoch.ReplaceAll(text, fmt.Appendf(nil, "${1}%d,", midnight.Unix())), 0o666)
}

// rename replaces the version in all files that name the module with it.
func rename(root, old, version string) error {
	forms := []string{ // %s is the version
		"name = \"rules_go3s\", version = \"%s\"", "rules_go3s-%s\"", "rules_go3s-v%s.tar.gz", "const BuilderVersion = \"%s\"",
	}
	tracked, err := output(root, "git", "grep", "-l", "-F", old, "--", "*.md", "*.bazel", "*.go", "*.sh", ":!*_test.go")
	if err != nil {
		return err
	}
	for name := range strings.Lines(tracked) {
		name = filepath.Join(root, strings.TrimSuffix(name, "\n"))
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		now := string(text)
		for _, form := range forms {
			now = strings.ReplaceAll(now, fmt.Sprintf(form, old), fmt.Sprintf(form, version))
		}
		if name == filepath.Join(root, "MODULE.bazel") {
			place := moduleHead.FindStringSubmatchIndex(now)
			now = now[:place[2]] + version + now[place[3]:]
		}
		if now == string(text) {
			continue
		}
		if err := os.WriteFile(name, []byte(now), 0o666); err != nil {
			return err
		}
	}
	return nil
}
