package bazel

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/go3s/rules_go3s/internal/machine"
)

// A Rule is the name of a Bazel rule, and of the folder with the programs that it builds.
type Rule string

const (
	GoBinary     Rule = "go_binary"
	StaticBinary Rule = "go_static_binary"
	PIEBinary    Rule = "go_pie_binary"
)

// Rules are all of them.
var Rules = []Rule{GoBinary, StaticBinary, PIEBinary}

// Architectures are those that each program is built for, as GOARCH.
var Architectures = machine.GOARCHs()

// goBinaries returns go_binary targets for all architectures, with a further attribute.
func goBinaries(attribute string) string {
	var s strings.Builder
	for _, arch := range Architectures {
		fmt.Fprintf(&s, "go_binary(name = \"main_%s\", srcs = [\"main.go\"], deps = [\"//lib\"], goos = \"linux\", goarch = %q, pure = \"on\", %s)\n", arch, arch, attribute)
	}
	return s.String()
}

// build returns the contents of a program's BUILD file.
func (r Rule) build() string {
	if r == GoBinary {
		return "load(\"@rules_go//go:def.bzl\", \"go_binary\")\n\n" + goBinaries(`static = "on"`)
	}
	return fmt.Sprintf(`load("@rules_go3s//rules:defs.bzl", %q)

%s(name = "main", srcs = ["main.go"], deps = ["//lib"], platforms = ["@rules_go3s//platforms:linux_" + arch for arch in ["%s"]])
`, r, r, strings.Join(Architectures, `", "`))
}

// A Workspace has Programs programs of each rule, p0 and so on in the rule's folder, and a library that all import.
type Workspace struct {
	Dir      string
	Module   string // directory of rules_go3s
	Programs int    // of each rule
	Seed     int64  // makes programs of one run differ from those of another
	edits    int
}

var rulesGoLine = regexp.MustCompile(`(?m)^bazel_dep\(name = "rules_go",.*$`)

const libBuild = `load("@rules_go//go:def.bzl", "go_library")

go_library(name = "lib", srcs = ["lib.go"], importpath = "example.com/bench/lib", visibility = ["//visibility:public"])
`

const libSource = `// Package lib is what all programs share.
package lib

import (
	"encoding/json"
	"net/http"
)

// Get returns the JSON value at url.
func Get(url string) (value any, err error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return value, json.NewDecoder(resp.Body).Decode(&value)
}

// Edits changes the library.
const Edits = "%d"
`

// EditLibrary changes the library that all programs import.
func (w *Workspace) EditLibrary() error {
	w.edits++
	return writeFile(filepath.Join(w.Dir, "lib", "lib.go"), fmt.Sprintf(libSource, w.edits))
}

// Write writes everything but the sources of the programs.
func (w *Workspace) Write() error {
	version, err := os.ReadFile(filepath.Join(w.Module, ".bazelversion"))
	if err != nil {
		return fmt.Errorf("%w: run this in the module's directory", err)
	}
	own, err := os.ReadFile(filepath.Join(w.Module, "MODULE.bazel"))
	if err != nil {
		return err
	}
	rulesGo := rulesGoLine.Find(own)
	if rulesGo == nil {
		return fmt.Errorf("%s/MODULE.bazel: no line matches %q", w.Module, rulesGoLine)
	}
	module := fmt.Sprintf(`module(name = "bench")

%s
bazel_dep(name = "rules_go3s")
local_path_override(module_name = "rules_go3s", path = %q)

go_sdk = use_extension("@rules_go//go:extensions.bzl", "go_sdk")
go_sdk.download(version = %q)
`, rulesGo, w.Module, strings.TrimPrefix(runtime.Version(), "go"))
	files := map[string]string{
		".bazelversion":             string(version),
		".bazelrc":                  "common --@rules_go//go/config:pure\nbuild --incompatible_strict_action_env\n",
		"MODULE.bazel":              module,
		"go.mod":                    fmt.Sprintf("module example.com/bench\n\ngo %s\n", strings.TrimPrefix(runtime.Version(), "go")), // for go build
		"BUILD.bazel":               "",
		"lib/BUILD.bazel":           libBuild,
		"lib/lib.go":                fmt.Sprintf(libSource, w.edits),
		"go_binary_pie/BUILD.bazel": "load(\"@rules_go//go:def.bzl\", \"go_binary\")\n\n" + goBinaries(`linkmode = "pie"`), // never built
		"go_binary_pie/main.go":     "package main\n\nfunc main() {}\n",
	}
	for _, r := range Rules {
		for p := range w.Programs {
			files[fmt.Sprintf("%s/p%d/BUILD.bazel", r, p)] = r.build()
		}
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(w.Dir, name), text); err != nil {
			return err
		}
	}
	return nil
}

// Edit changes the first n programs of r and returns their targets.
func (w *Workspace) Edit(r Rule, n int) (targets []string, err error) {
	w.edits++
	for p := range n {
		text := fmt.Sprintf("package main\n\nimport (\n\t\"fmt\"\n\n\t\"example.com/bench/lib\"\n)\n\nfunc main() {\n\tfmt.Println(lib.Get(\"https://example.com/%s/%d/%d/%d\" + lib.Edits))\n}\n", r, p, w.Seed, w.edits)
		if err := writeFile(filepath.Join(w.Dir, string(r), fmt.Sprint("p", p), "main.go"), text); err != nil {
			return nil, err
		}
		if r == GoBinary {
			for _, arch := range Architectures {
				targets = append(targets, fmt.Sprintf("//%s/p%d:main_%s", r, p, arch))
			}
		} else {
			targets = append(targets, fmt.Sprintf("//%s/p%d:main", r, p))
		}
	}
	return targets, nil
}

func writeFile(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o666)
}
