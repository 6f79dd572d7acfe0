package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var someDay = time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)

// checkout makes a repository with the files, all committed.
func checkout(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
		"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com"} {
		t.Setenv(name, value)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"commit", "-q", "-m", "All"}} {
		if _, err := output(root, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

var beforeCut = map[string]string{
	"MODULE.bazel": "\"\"\"A module.\"\"\"\n\nmodule(\n    name = \"rules_go3s\",\n    version = \"0.1.0\",\n)\n\nbazel_dep(name = \"other\", version = \"0.1.0\")\n",
	"README.md": "bazel_dep(name = \"rules_go3s\", version = \"0.1.0\")\nstrip_prefix = \"rules_go3s-0.1.0\"\nurl = \"rules_go3s-v0.1.0.tar.gz\"\n" +
		"other 0.1.0\n",
	"index/index.go":      "package index\n\nconst BuilderVersion = \"0.1.0\"\n",
	"release/BUILD.bazel": "go_release(\n    name = \"release\",\n    source_date_epoch = 12,\n)\n",
	"CHANGELOG.md":        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n[Unreleased]: https://github.com/go3s/rules_go3s/commits/main\n",
}

func TestCut(t *testing.T) {
	root := checkout(t, beforeCut)
	if err := cut(root, "0.2.0", someDay); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"MODULE.bazel":   strings.Replace(beforeCut["MODULE.bazel"], "0.1.0", "0.2.0", 1),
		"README.md":      strings.Replace(beforeCut["README.md"], "0.1.0", "0.2.0", 3),
		"index/index.go": "package index\n\nconst BuilderVersion = \"0.2.0\"\n",
		// Midnight of the day.
		"release/BUILD.bazel": "go_release(\n    name = \"release\",\n    source_date_epoch = 1796083200,\n)\n",
		"CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n### Added\n\n- A thing.\n\n" +
			"[Unreleased]: https://github.com/go3s/rules_go3s/compare/v0.2.0...main\n" +
			"[0.2.0]: https://github.com/go3s/rules_go3s/releases/tag/v0.2.0\n",
	} {
		if got, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
	if err := publishable(root, "0.2.0", "v0.2.0"); err != nil {
		t.Errorf("not publishable: %v", err)
	}
	if tagged, err := output(root, "git", "log", "-1", "--format=%D %s"); err != nil || !strings.Contains(tagged, "tag: v0.2.0") || !strings.HasSuffix(tagged, "Release v0.2.0\n") {
		t.Errorf("the commit is %q, %v", tagged, err)
	}
	// The next one has its changes against this one.
	text := strings.Replace(readFile(t, root, "CHANGELOG.md"), "## [Unreleased]\n", "## [Unreleased]\n\n- More.\n", 1)
	if err := os.WriteFile(filepath.Join(root, "CHANGELOG.md"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := output(root, "git", "commit", "-qam", "More"); err != nil {
		t.Fatal(err)
	}
	if err := cut(root, "0.2.1", someDay); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, root, "CHANGELOG.md"); !strings.Contains(got, "\n[0.2.1]: https://github.com/go3s/rules_go3s/compare/v0.2.0...v0.2.1\n[0.2.0]: ") {
		t.Errorf("the changelog is\n%s", got)
	}
}

func readFile(t *testing.T, root, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCutRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		version, changelog, want string
		change                   func(root string) error
	}{
		"no version":     {version: "0.2", want: "want three numbers"},
		"prerelease":     {version: "0.2.0-rc.1", want: "want three numbers"},
		"older":          {version: "0.0.9", want: "want one that is newer"},
		"released":       {version: "0.2.0", changelog: "## [0.2.0] - 2026-11-01\n", want: "want one that is newer"},
		"nothing to say": {version: "0.2.0", changelog: "## [Unreleased]\n\n[Unreleased]: x\n", want: "nothing is unreleased"},
		"no section":     {version: "0.2.0", changelog: "# Changelog\n", want: "found no line"},
		"no link":        {version: "0.2.0", changelog: "## [Unreleased]\n\n- A thing.\n", want: "found no link"},
		"uncommitted":    {version: "0.2.0", want: "?? new", change: func(root string) error { return os.WriteFile(filepath.Join(root, "new"), nil, 0o666) }},
		"tagged":         {version: "0.2.0", want: "is there already", change: func(root string) error { _, err := output(root, "git", "tag", "v0.2.0"); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for name, text := range beforeCut {
				files[name] = text
			}
			if test.changelog != "" {
				files["CHANGELOG.md"] = test.changelog
			}
			root := checkout(t, files)
			if test.change != nil {
				if err := test.change(root); err != nil {
					t.Fatal(err)
				}
			}
			before, _ := output(root, "git", "status", "--porcelain")
			if err := cut(root, test.version, someDay); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if after, err := output(root, "git", "status", "--porcelain"); err != nil || after != before {
				t.Errorf("left %q, %v", after, err)
			}
		})
	}
}
