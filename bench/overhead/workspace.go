package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/go3s/rules_go3s/internal/machine"
)

// A rule is the name of a Bazel rule, and of the folder with the programs that it builds.
type rule string

const (
	goBinary     rule = "go_binary"
	staticBinary rule = "go_static_binary"
	pieBinary    rule = "go_pie_binary"
)

// rules are those whose programs are built.
var rules = []rule{goBinary, staticBinary, pieBinary}

var architectures = machine.GOARCHs()

// goBinaries returns go_binary targets for all architectures, with a further attribute.
func goBinaries(attribute string) string {
	var s strings.Builder
	for _, arch := range architectures {
		fmt.Fprintf(&s, "go_binary(name = \"main_%s\", srcs = [\"main.go\"], deps = [\"//lib\"], goos = \"linux\", goarch = %q, pure = \"on\", %s)\n", arch, arch, attribute)
	}
	return s.String()
}

// build returns the contents of a program's BUILD file.
func (r rule) build() string {
	if r == goBinary {
		return "load(\"@rules_go//go:def.bzl\", \"go_binary\")\n\n" + goBinaries(`static = "on"`)
	}
	return fmt.Sprintf(`load("@rules_go3s//rules:defs.bzl", %q)

%s(name = "main", srcs = ["main.go"], deps = ["//lib"], platforms = ["@rules_go3s//platforms:linux_" + arch for arch in ["%s"]])
`, r, r, strings.Join(architectures, `", "`))
}

// A workspace is what is built.
type workspace struct {
	dir      string
	module   string // directory of rules_go3s
	programs int    // of each rule
	seed     int64  // makes programs of one run differ from those of another
	edits    int
}

var rulesGoLine = regexp.MustCompile(`(?m)^bazel_dep\(name = "rules_go",.*$`)

const libBuild = `load("@rules_go//go:def.bzl", "go_library")

go_library(name = "lib", srcs = ["lib.go"], importpath = "example.com/overhead/lib", visibility = ["//visibility:public"])
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
`

// write writes everything but the sources of the programs.
func (w *workspace) write() error {
	version, err := os.ReadFile(filepath.Join(w.module, ".bazelversion"))
	if err != nil {
		return fmt.Errorf("%w: run this in the module's directory", err)
	}
	own, err := os.ReadFile(filepath.Join(w.module, "MODULE.bazel"))
	if err != nil {
		return err
	}
	rulesGo := rulesGoLine.Find(own)
	if rulesGo == nil {
		return fmt.Errorf("%s/MODULE.bazel: no line matches %q", w.module, rulesGoLine)
	}
	module := fmt.Sprintf(`module(name = "overhead")

%s
bazel_dep(name = "rules_go3s")
local_path_override(module_name = "rules_go3s", path = %q)

go_sdk = use_extension("@rules_go//go:extensions.bzl", "go_sdk")
go_sdk.download(version = %q)
`, rulesGo, w.module, strings.TrimPrefix(runtime.Version(), "go"))
	files := map[string]string{
		".bazelversion":             string(version),
		".bazelrc":                  "common --@rules_go//go/config:pure\nbuild --incompatible_strict_action_env\n",
		"MODULE.bazel":              module,
		"BUILD.bazel":               "",
		"lib/BUILD.bazel":           libBuild,
		"lib/lib.go":                libSource,
		"go_binary_pie/BUILD.bazel": "load(\"@rules_go//go:def.bzl\", \"go_binary\")\n\n" + goBinaries(`linkmode = "pie"`), // never built
		"go_binary_pie/main.go":     "package main\n\nfunc main() {}\n",
	}
	for _, r := range rules {
		for p := range w.programs {
			files[fmt.Sprintf("%s/p%d/BUILD.bazel", r, p)] = r.build()
		}
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(w.dir, name), text); err != nil {
			return err
		}
	}
	return nil
}

// edit changes the first n programs of r and returns their targets.
func (w *workspace) edit(r rule, n int) (targets []string, err error) {
	w.edits++
	for p := range n {
		text := fmt.Sprintf("package main\n\nimport (\n\t\"fmt\"\n\n\t\"example.com/overhead/lib\"\n)\n\nfunc main() {\n\tfmt.Println(lib.Get(\"https://example.com/%s/%d/%d/%d\"))\n}\n", r, p, w.seed, w.edits)
		if err := writeFile(filepath.Join(w.dir, string(r), fmt.Sprint("p", p), "main.go"), text); err != nil {
			return nil, err
		}
		if r == goBinary {
			for _, arch := range architectures {
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
