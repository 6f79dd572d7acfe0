package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/zip"

	"github.com/go3s/rules_go3s/internal/release/index"
)

const root = ".."

// makeArchive makes the archive of this repository and reads it: headers and texts are by path, without the prefix.
func makeArchive(t *testing.T) (version string, data []byte, headers map[string]*tar.Header, texts map[string]string) {
	t.Helper()
	version, err := moduleVersion(root)
	if err != nil {
		t.Fatal(err)
	}
	files, err := contents(root)
	if err != nil {
		t.Fatal(err)
	}
	if data, err = archive(root, "rules_go3s-"+version, files); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	headers, texts = map[string]*tar.Header{}, map[string]string{}
	last := ""
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return version, data, headers, texts
		}
		if err != nil {
			t.Fatal(err)
		}
		name, ok := strings.CutPrefix(h.Name, "rules_go3s-"+version+"/")
		if !ok || name <= last {
			t.Errorf("found %s after %s, want paths below rules_go3s-%s in their order", h.Name, last, version)
		}
		last = name
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		headers[name], texts[name] = h, string(text)
	}
}

func TestContents(t *testing.T) {
	_, _, headers, texts := makeArchive(t)
	for _, name := range []string{
		"MODULE.bazel", "go.mod", "go.sum", "deps/go.mod", "platforms/BUILD.bazel", "rules/defs.bzl", "rules/private/launcher.sh.tpl",
		"rules/private/ca_roots/roots.pem", "toolchains/extensions.bzl", "tools/linkcheck/reference.md", "internal/syscalls/table_amd64.txt",
		"internal/arch/arm64/entry_exe.s", "keyguard/keyguard.go", "keyguard/BUILD.bazel", "rules/go_signed_binary.bzl",
		"e2e/outsider/greet/greet_test.go",
	} {
		if headers[name] == nil {
			t.Errorf("%s is not in the archive", name)
		}
	}
	unwanted := regexp.MustCompile(`^(airgap|bench|docs|examples|release|tests|\.bcr|\.ci|\.git)\b|^e2e/[^o]|` +
		`^[^e].*(_test\.go|/testdata/)|^internal/(fuzz|gotool)|^bazelw$|^test\.sh$`)
	for name, h := range headers {
		if unwanted.MatchString(name) {
			t.Errorf("%s is in the archive: no consumer needs it", name)
		}
		mode := int64(0o644)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o755
		}
		if h.Typeflag != tar.TypeReg || h.Mode != mode || h.ModTime.Unix() != 0 || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" {
			t.Errorf("%s: found %+v, want a regular file of mode %o from 1970 without an owner", name, h, mode)
		}
		want, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if texts[name] != string(want) {
			t.Errorf("%s is not what the repository has", name)
		}
	}
}

// Times, permissions other than that of the owner to execute, the folder and files that git does not know play no part.
func TestReproducible(t *testing.T) {
	_, want, headers, texts := makeArchive(t)
	other := filepath.Join(t.TempDir(), "elsewhere")
	for name, text := range texts {
		write(t, filepath.Join(other, name), text)
		if err := os.Chtimes(filepath.Join(other, name), time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(other, name), 0o600|os.FileMode(headers[name].Mode&0o100)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-f", "."}} {
		if _, err := output(other, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(other, "rules/untracked.bzl"), "")
	version, err := moduleVersion(other)
	if err != nil {
		t.Fatal(err)
	}
	files, err := contents(other)
	if err != nil {
		t.Fatal(err)
	}
	got, err := archive(other, "rules_go3s-"+version, files)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("found other bytes in another folder: SHA-256 %x, want %x", sha256.Sum256(got), sha256.Sum256(want))
	}
}

func TestSourceJSON(t *testing.T) {
	version, data, _, _ := makeArchive(t)
	text, err := sourceJSON(root, version, data)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(got["integrity"], "sha256-"))
	if want := sha256.Sum256(data); err != nil || !bytes.Equal(sum, want[:]) {
		t.Errorf("integrity is %q, want SHA-256 %x", got["integrity"], want)
	}
	if want := "rules_go3s-" + version; got["strip_prefix"] != want {
		t.Errorf("strip_prefix is %q, want %q", got["strip_prefix"], want)
	}
	if want := "https://github.com/go3s/rules_go3s/releases/download/v" + version + "/rules_go3s-v" + version + ".tar.gz"; got["url"] != want {
		t.Errorf("url is %q, want %q", got["url"], want)
	}
}

// The registry takes archives of the repositories that metadata.json names, and no others.
func TestMetadata(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, ".bcr", "metadata.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct{ Repository []string }
	if err := json.Unmarshal(text, &metadata); err != nil {
		t.Fatal(err)
	}
	source, err := sourceJSON(root, "1.2.3", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, repository := range metadata.Repository {
		if name, ok := strings.CutPrefix(repository, "github:"); ok && strings.Contains(string(source), `"https://github.com/`+name+`/releases/`) {
			return
		}
	}
	t.Errorf("repository is %q, and the archive is none of their releases: %s", metadata.Repository, source)
}

// MODULE.bazel alone chooses the version: documents repeat it, workspaces that override the module name none.
func TestVersionsAgree(t *testing.T) {
	version, err := moduleVersion(root)
	if err != nil {
		t.Fatal(err)
	}
	tracked, err := output(root, "git", "grep", "-h", "-E", `bazel_dep\(name = "rules_go3s"`, "--", "*.md", "*.bazel", "*.go", "*.sh")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(tracked) {
		named := regexp.MustCompile(`"rules_go3s", version = "([^"]*)"`).FindStringSubmatch(line)
		if named == nil {
			continue
		}
		if found++; named[1] != version {
			t.Errorf("found %q, want version %s, as in MODULE.bazel", strings.TrimSpace(line), version)
		}
	}
	if found == 0 {
		t.Error("no document says how to depend on the module")
	}
	if index.BuilderVersion != version {
		t.Errorf("internal/release/index: BuilderVersion is %s, want %s, as in MODULE.bazel", index.BuilderVersion, version)
	}
	newest, err := changelogVersion(root)
	if err != nil {
		t.Fatal(err)
	}
	if semver.Compare("v"+newest, "v"+version) > 0 {
		t.Errorf("CHANGELOG.md: the newest version is %s, and MODULE.bazel has %s: want none that is newer", newest, version)
	}
}

func TestPublishable(t *testing.T) {
	const moduleFile = "\"\"\"A module.\"\"\"\n\nmodule(\n    name = \"rules_go3s\",\n    version = \"1.2.3\",\n)\n"
	for name, test := range map[string]struct {
		tag, changelog string
		change         bool
		problem        string
	}{
		"right":         {"v1.2.3", "# Changelog\n\n## [1.2.3] - 2026-11-28\n\n## [1.2.2] - 2026-11-01\n", false, ""},
		"other tag":     {"v1.2.4", "## [1.2.3] - 2026-11-28\n", false, "want the tag v1.2.3"},
		"no section":    {"v1.2.3", "## [Unreleased]\n", false, `is for "", want "1.2.3"`},
		"older section": {"v1.2.3", "## [Unreleased]\n\n## [1.2.2] - 2026-11-28\n", false, `is for "1.2.2", want "1.2.3"`},
		"no date":       {"v1.2.3", "## [1.2.3]\n", false, `found the section "[1.2.3]"`},
		"two sections":  {"v1.2.3", "## [1.2.3] - 2026-11-28\n\n## [Unreleased]\n", false, `found the section "[Unreleased]"`},
		"a change":      {"v1.2.3", "## [1.2.3] - 2026-11-28\n", true, "?? new"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "MODULE.bazel"), moduleFile)
			write(t, filepath.Join(dir, "CHANGELOG.md"), test.changelog)
			for _, args := range [][]string{
				{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "All"},
			} {
				if _, err := output(dir, "git", args...); err != nil {
					t.Fatal(err)
				}
			}
			if test.change {
				write(t, filepath.Join(dir, "new"), "")
			}
			version, err := moduleVersion(dir)
			if err != nil {
				t.Fatal(err)
			}
			err = publishable(dir, version, test.tag)
			if test.problem == "" && err != nil || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("found %v, want %q", err, test.problem)
			}
		})
	}
}

// The archive as the Go module of its version, which "go install" takes the tools from.
func TestGoInstall(t *testing.T) {
	version, _, _, texts := makeArchive(t)
	dir := t.TempDir()
	for name, text := range texts {
		write(t, filepath.Join(dir, "source", name), text)
	}
	const name = "github.com/go3s/rules_go3s"
	at := filepath.Join(dir, "proxy", name, "@v", "v"+version)
	write(t, filepath.Join(filepath.Dir(at), "list"), "v"+version+"\n")
	write(t, at+".info", `{"Version": "v`+version+`"}`)
	write(t, at+".mod", texts["go.mod"])
	zipped, err := os.Create(at + ".zip")
	if err != nil {
		t.Fatal(err)
	}
	if err := zip.CreateFromDir(zipped, module.Version{Path: name, Version: "v" + version}, filepath.Join(dir, "source")); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	settings, err := output(".", "go", "env", "-json", "GOPROXY", "GONOSUMDB", "GOMODCACHE")
	if err != nil {
		t.Fatal(err)
	}
	var env struct{ GOPROXY, GONOSUMDB, GOMODCACHE string }
	if err := json.Unmarshal([]byte(settings), &env); err != nil {
		t.Fatal(err)
	}
	tools := []string{"elfsign", "elfstrip", "golink", "linkcheck", "symbolize"}
	install := exec.Command("go", "install")
	for _, tool := range tools {
		install.Args = append(install.Args, path.Join(name, "tools", tool)+"@v"+version)
	}
	install.Dir = dir
	install.Env = append(os.Environ(),
		"GOBIN="+filepath.Join(dir, "bin"),
		"GOFLAGS=-modcacherw",
		"GOWORK=off",
		// A cache of its own, lest the next version of the same number be taken from it; what it lacks comes from the machine's.
		"GOMODCACHE="+filepath.Join(dir, "cache"),
		"GOPROXY=file://"+filepath.Join(dir, "proxy")+",file://"+filepath.Join(env.GOMODCACHE, "cache", "download")+","+env.GOPROXY,
		"GONOSUMDB="+strings.Trim(name+","+env.GONOSUMDB, ","),
	)
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", install, err, out)
	}
	for _, tool := range tools {
		info, err := output(".", "go", "version", "-m", filepath.Join(dir, "bin", tool))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(info, "\tmod\t"+name+"\tv"+version+"\t") {
			t.Errorf("%s is not of %s v%s:\n%s", tool, name, version, info)
		}
		// golink ends with status 1, since it has commands only.
		out, _ := exec.Command(filepath.Join(dir, "bin", tool), "--help").CombinedOutput()
		if !bytes.Contains(bytes.ToLower(out), []byte("usage: "+tool)) {
			t.Errorf("%s --help prints %q", tool, out)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
