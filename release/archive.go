package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// file is a file of the archive.
type file struct {
	path       string // from the root of the repository, with slashes
	executable bool
}

// Of these folders the archive has everything but tests.
var folders = []string{"deps/", "keyguard/", "platforms/", "rules/", "toolchains/", "tools/"}

// These it has besides.
var single = []string{".bazelignore", "BUILD.bazel", "CHANGELOG.md", "LICENSE", "MODULE.bazel", "README.md", "go.mod", "go.sum"}

// The workspace that the registry builds each version with, by .bcr/presubmit.yml: it is in the archive, tests included.
const testModule = "e2e/outsider/"

// contents returns the files of the archive in the order of their paths: those that a consumer needs. Of internal/ these are
// the packages that the tools import, with what they embed. Only files that git tracks are among them.
func contents(root string) ([]file, error) {
	tracked, err := output(root, "git", "ls-files", "--stage", "-z")
	if err != nil {
		return nil, err
	}
	const module = "github.com/go3s/rules_go3s/"
	// A line for each package, and one for each file that it embeds.
	imported, err := output(root, "go", "list", "-deps", "-f", `{{.ImportPath}}{{$p := .}}{{range .EmbedFiles}}{{"\n"}}{{$p.ImportPath}}/{{.}}{{end}}`, "./tools/...")
	if err != nil {
		return nil, err
	}
	needed := map[string]bool{}
	for line := range strings.Lines(imported) {
		needed[strings.TrimPrefix(strings.TrimSuffix(line, "\n"), module)] = true
	}
	var files []file
	for entry := range strings.SplitSeq(strings.TrimSuffix(tracked, "\x00"), "\x00") {
		stage, name, _ := strings.Cut(entry, "\t")
		mode, _, _ := strings.Cut(stage, " ")
		if !wanted(name, needed) {
			continue
		}
		if mode != "100644" && mode != "100755" {
			return nil, fmt.Errorf("%s has the mode %s in git, want a regular file", name, mode)
		}
		files = append(files, file{name, mode == "100755"})
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return files, nil
}

// wanted reports whether a file is in the archive, given the packages that it holds and the files that they embed.
func wanted(name string, needed map[string]bool) bool {
	hasPrefix := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	switch {
	case path.Base(name) == ".gitignore":
		return false
	case hasPrefix(testModule), slices.Contains(single, name):
		return true
	case strings.HasSuffix(name, "_test.go"), strings.Contains(name, "/testdata/"):
		return false
	case hasPrefix("internal/"):
		return needed[path.Dir(name)] || needed[name]
	}
	return slices.ContainsFunc(folders, hasPrefix)
}

// archive returns a compressed tar archive of files below root, each under prefix.
func archive(root, prefix string, files []file) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(z)
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.path)))
		if err != nil {
			return nil, err
		}
		// What is not set is zero: owner, group, and the time, which is 1970.
		header := &tar.Header{Name: prefix + "/" + f.path, Mode: 0o644, Size: int64(len(data)), Format: tar.FormatUSTAR}
		if f.executable {
			header.Mode = 0o755
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// output runs a command in a folder and returns what it prints.
func output(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, stderr.String())
	}
	return string(out), nil
}
