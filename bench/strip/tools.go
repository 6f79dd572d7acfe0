package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A tool is a strip program.
type tool struct {
	name  string // of the executable
	label string // in the table: name and version
	path  string // "" when it is not installed
}

// args returns the arguments to strip all symbols. All tools have the same.
func (t tool) args(out, in string) []string { return []string{"-s", "-o", out, in} }

// findTools builds elfstrip into dir and looks for the others on PATH.
func findTools(dir string) ([]tool, error) {
	own := tool{name: "elfstrip", label: "elfstrip -s", path: filepath.Join(dir, "elfstrip")}
	if err := goCommand("", "build", "-o", own.path, "github.com/go3s/rules_go3s/tools/elfstrip"); err != nil {
		return nil, err
	}
	tools := []tool{own}
	for _, name := range []string{"strip", "llvm-strip", "eu-strip"} {
		t := tool{name: name, label: name + " -s", path: lookUp(name)}
		if t.path != "" {
			t.label = fmt.Sprintf("%s %s -s", name, toolVersion(t.path))
		}
		tools = append(tools, t)
	}
	return tools, nil
}

// lookUp finds a program on PATH, also under a name that ends with a version, as
// Debian has llvm-strip-14, and then the newest.
func lookUp(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, newest := "", -1
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		paths, _ := filepath.Glob(filepath.Join(dir, name+"-*"))
		for _, path := range paths {
			if v, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(path), name+"-")); err == nil && v > newest {
				found, newest = path, v
			}
		}
	}
	return found
}

// toolVersion returns the first word with a digit and a dot that --version says.
func toolVersion(path string) string {
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		return "(version unknown)"
	}
	words := strings.Fields(string(out))
	i := slices.IndexFunc(words, func(w string) bool { return strings.ContainsAny(w, "0123456789") && strings.Contains(w, ".") })
	if i < 0 {
		i = slices.IndexFunc(words, func(w string) bool { return strings.ContainsAny(w, "0123456789") })
	}
	if i < 0 {
		return "(version unknown)"
	}
	return strings.Trim(words[i], ",()")
}
