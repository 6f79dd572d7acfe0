//go:build linux

package progtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("%w: this test builds its program with the go command: put it on PATH, or set %s to a built program", err, binaryEnv)
	}
	dir, err := os.MkdirTemp("", "overlay")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	overlay, err := b.writeOverlay(dir)
	if err != nil {
		return err
	}
	cmd := exec.Command(goCommand, "build", "-o", out, "-trimpath", "-overlay", overlay, "-tags", strings.Join(b.Tags, ","), ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, output)
	}
	return nil
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
