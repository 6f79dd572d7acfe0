//go:build linux

package progtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Build says how `go build` makes the program in the working directory outside of Bazel. The zero
// value is a plain build without cgo.
type Build struct {
	Tags    []string          // build tags
	Overlay map[string]string // text of files to add or replace, by path relative to the working directory
}

// To builds the program, static and for the host, as the file out. The error holds the go command's output.
func (b Build) To(out string) error {
	dir, err := os.MkdirTemp("", "overlay")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	overlay, err := b.writeOverlay(dir)
	if err != nil {
		return err
	}
	_, err = Go("build", "-o", out, "-trimpath", "-overlay", overlay, "-tags", strings.Join(b.Tags, ","), ".")
	return err
}

// Go runs the go command, the one that the environment variable GO names or that of PATH, for the host and
// without cgo, and returns its output without surrounding space. The error holds the output too.
func Go(args ...string) (output string, err error) {
	name := os.Getenv("GO")
	if name == "" {
		name = "go"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("this test makes its program with the go command: put it on PATH or name it in GO, or set %s to a finished program: %w", binaryEnv, err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+runtime.GOARCH, "CGO_ENABLED=0", "GOFLAGS=")
	data, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, data)
	}
	return strings.TrimSpace(string(data)), nil
}

// writeOverlay writes the files of b.Overlay to dir and returns the path of the JSON file that
// `go build -overlay` takes.
func (b Build) writeOverlay(dir string) (string, error) {
	replace := make(map[string]string)
	for path, text := range b.Overlay {
		path, err := filepath.Abs(path)
		if err != nil {
			return "", err
		}
		// Package testing notes what a test opens: so `go test` reuses no result from before a change in there.
		if _, err := os.ReadDir(filepath.Dir(path)); err != nil {
			return "", err
		}
		file := filepath.Join(dir, fmt.Sprintf("%d%s", len(replace), filepath.Ext(path)))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = file
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, data, 0o600)
}
