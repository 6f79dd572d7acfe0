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

// A Command is a go command: a name on PATH, or a path.
type Command string

// Run runs the command for linux/arch in dir and returns what it prints.
func (c Command) Run(dir, arch string, args ...string) ([]byte, error) {
	cmd := exec.Command(string(c), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off", "GOTOOLCHAIN=local")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", c, strings.Join(args, " "), err, stderr.String())
	}
	return out, nil
}

// Compile compiles the main package in dir, as the rules do, to code for a PIE, and returns golink's flags
// that name the archives.
func (c Command) Compile(dir, arch string) ([]string, error) {
	list, err := c.Run(dir, arch, "list", "-trimpath", "-export", "-deps", "-json=ImportPath,Name,Export,DefaultGODEBUG",
		"-gcflags=all=-shared", "-asmflags=all=-shared", ".")
	if err != nil {
		return nil, err
	}
	toolDir, err := c.Run("", "", "env", "GOTOOLDIR")
	if err != nil {
		return nil, err
	}
	flags := []string{"link", "--linker=" + filepath.Join(strings.TrimSpace(string(toolDir)), "link"), "--goarch=" + arch}
	for decoder := json.NewDecoder(bytes.NewReader(list)); ; {
		var p struct{ ImportPath, Name, Export, DefaultGODEBUG string }
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return flags, nil
		case err != nil:
			return nil, err
		case p.Name == "main":
			flags = append(flags, "--main="+p.Export, "--main-path="+p.ImportPath)
			if p.DefaultGODEBUG != "" {
				flags = append(flags, "--x-def=runtime.godebugDefault="+p.DefaultGODEBUG)
			}
		case p.Export != "":
			flags = append(flags, fmt.Sprintf("--archive=%s\t%s\t%s\t%s", p.ImportPath, p.ImportPath, p.Export, p.ImportPath))
		}
	}
}

// onPath is the go command of users.
const onPath Command = "go"

// Go runs the go command on PATH, as Run does.
func Go(dir, arch string, args ...string) ([]byte, error) { return onPath.Run(dir, arch, args...) }

// Compile compiles by the go command on PATH.
func Compile(dir, arch string) ([]string, error) { return onPath.Compile(dir, arch) }

// Tool builds a tool of this module into dir and returns its path.
func Tool(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	_, err := Go("", "", "build", "-o", path, "github.com/go3s/rules_go3s/tools/"+name)
	return path, err
}
