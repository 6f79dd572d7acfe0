// Package build makes programs for benchmarks, with the go command and with golink.
package build

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Go runs the go command for linux/arch in dir and returns what it prints.
func Go(dir, arch string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out, nil
}

// Compile compiles the main package in dir, as the rules do, to code for a PIE, and returns golink's flags
// that name the archives.
func Compile(dir, arch string) ([]string, error) {
	list, err := Go(dir, arch, "list", "-trimpath", "-export", "-deps", "-json=ImportPath,Name,Export",
		"-gcflags=all=-shared", "-asmflags=all=-shared", ".")
	if err != nil {
		return nil, err
	}
	toolDir, err := Go("", "", "env", "GOTOOLDIR")
	if err != nil {
		return nil, err
	}
	flags := []string{"link", "--linker=" + filepath.Join(strings.TrimSpace(string(toolDir)), "link"), "--goarch=" + arch}
	for decoder := json.NewDecoder(bytes.NewReader(list)); ; {
		var p struct{ ImportPath, Name, Export string }
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return flags, nil
		case err != nil:
			return nil, err
		case p.Name == "main":
			flags = append(flags, "--main="+p.Export, "--main-path="+p.ImportPath)
		case p.Export != "":
			flags = append(flags, fmt.Sprintf("--archive=%s\t%s\t%s\t%s", p.ImportPath, p.ImportPath, p.Export, p.ImportPath))
		}
	}
}

// Tool builds a tool of this module into dir and returns its path.
func Tool(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	_, err := Go("", "", "build", "-o", path, "github.com/go3s/rules_go3s/tools/"+name)
	return path, err
}
