package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"golang.org/x/mod/semver"
)

var depLine = regexp.MustCompile(`(?m)^bazel_dep\(name = "(?:gazelle|rules_go|rules_go3s)".*$`)

// A workspace is what somebody writes who wants a third-party program built by the rules: a go.mod that requires it, and
// go_deps with Gazelle, which makes BUILD files in the program's module.
type workspace struct {
	dir   string
	rules string // directory of rules_go3s
	p     program
	archs []string
}

// repository returns the name that go_deps gives to the repository of a module.
func repository(module string) string {
	segments := strings.Split(strings.ToLower(module), "/")
	host := strings.Split(segments[0], ".")
	slices.Reverse(host)
	return strings.NewReplacer("-", "_", ".", "_").Replace(strings.Join(append(host, segments[1:]...), "_"))
}

// write writes the files that say what to build, except BUILD.bazel.
func (w *workspace) write() error {
	var deps [][]byte
	outsider, err := os.ReadFile(filepath.Join(w.rules, "e2e", "outsider", "MODULE.bazel"))
	if err != nil {
		return fmt.Errorf("%w: run this in the module's directory, or name it with -rules", err)
	}
	if deps = depLine.FindAll(outsider, -1); len(deps) != 3 {
		return fmt.Errorf("e2e/outsider/MODULE.bazel: %d lines match %q, want 3", len(deps), depLine)
	}
	version, err := os.ReadFile(filepath.Join(w.rules, ".bazelversion"))
	if err != nil {
		return err
	}
	repo := repository(w.p.Module)
	generation := w.p.Generation
	if generation == "" {
		generation = "clean"
	}
	goVersion := strings.TrimPrefix(runtime.Version(), "go")
	goMod := fmt.Sprintf("module field.invalid/%s\n\ngo %s\n\nrequire %s %s\n", w.p.Name, goVersion, w.p.Module, w.p.Version)
	for _, r := range w.p.Replace {
		goMod += "\nreplace " + r + "\n"
	}
	files := map[string]string{
		"go.mod":        goMod,
		"tools.go":      fmt.Sprintf("//go:build tools\n\npackage tools\n\nimport _ %q\n", w.p.pkg()),
		".bazelversion": string(version),
		".bazelrc":      "common --@rules_go//go/config:pure\nbuild --incompatible_strict_action_env\n",
		"MODULE.bazel": fmt.Sprintf(`module(name = "field")

%s
local_path_override(
    module_name = "rules_go3s",
    path = %q,
)

go_sdk = use_extension("@rules_go//go:extensions.bzl", "go_sdk")
go_sdk.download(version = %q)

go_deps = use_extension("@gazelle//:extensions.bzl", "go_deps")
go_deps.gazelle_default_attributes(
    build_file_generation = %q,
    directives = ["gazelle:proto disable_global"],
)
go_deps.from_file(go_mod = "//:go.mod")
use_repo(go_deps, %q)
`, bytes.Join(deps, []byte("\n")), w.rules, goVersion, generation, repo),
		"BUILD.bazel": "",
	}
	for _, patch := range w.p.Patches {
		text, err := patches.ReadFile("patches/" + patch.File)
		if err != nil {
			return err
		}
		files[patch.File] = string(text)
		files["MODULE.bazel"] += fmt.Sprintf("go_deps.module_override(\n    patch_strip = 1,\n    patches = [\"//:%s\"],\n    path = %q,\n)\n", patch.File, patch.Module)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	if _, err = build.Go(w.dir, w.archs[0], "mod", "tidy"); err != nil {
		return err
	}
	return w.raise()
}

// atLeast are the versions of Go modules that rules_go 0.62.0, Gazelle and rules_go3s ask for, by the go.mod files of these. Bazel takes
// the highest of all, so go build has to have them too when both are compared.
var atLeast = map[string]string{
	"github.com/aymanbagabas/go-udiff":                 "v0.4.1",
	"github.com/bmatcuk/doublestar/v4":                 "v4.9.1",
	"github.com/fsnotify/fsnotify":                     "v1.7.0",
	"github.com/gogo/protobuf":                         "v1.3.2",
	"github.com/golang/mock":                           "v1.7.0-rc.1",
	"github.com/golang/protobuf":                       "v1.5.4",
	"github.com/google/go-cmp":                         "v0.6.0",
	"github.com/google/pprof":                          "v0.0.0-20250403155104-27863c87afa6",
	"github.com/pmezard/go-difflib":                    "v1.0.0",
	"golang.org/x/arch":                                "v0.30.0",
	"golang.org/x/crypto":                              "v0.39.0",
	"golang.org/x/mod":                                 "v0.25.0",
	"golang.org/x/net":                                 "v0.41.0",
	"golang.org/x/sync":                                "v0.15.0",
	"golang.org/x/sys":                                 "v0.33.0",
	"golang.org/x/text":                                "v0.26.0",
	"golang.org/x/tools":                               "v0.34.0",
	"google.golang.org/genproto":                       "v0.0.0-20250115164207-1a7da9e5054f",
	"google.golang.org/genproto/googleapis/bytestream": "v0.0.0-20251124214823-79d6a2a48846",
	"google.golang.org/genproto/googleapis/rpc":        "v0.0.0-20250313205543-e70fdf4c4cb4",
	"google.golang.org/grpc":                           "v1.71.0",
	"google.golang.org/grpc/cmd/protoc-gen-go-grpc":    "v1.5.1",
	"google.golang.org/protobuf":                       "v1.36.10",
}

// raise makes go.mod ask for the versions that go_deps will choose.
func (w *workspace) raise() error {
	list, err := build.Go(w.dir, w.archs[0], "list", "-m", "-f", "{{.Path}} {{.Version}}", "all")
	if err != nil {
		return err
	}
	edit := []string{"mod", "edit"}
	for line := range strings.Lines(string(list)) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if want := atLeast[path]; want != "" && semver.Compare(version, want) < 0 {
			edit = append(edit, "-require="+path+"@"+want)
		}
	}
	if len(edit) == 2 {
		return nil
	}
	if _, err := build.Go(w.dir, w.archs[0], edit...); err != nil {
		return err
	}
	_, err = build.Go(w.dir, w.archs[0], "mod", "tidy")
	return err
}

// modes are the ways to build a program by the rules, with the rule and its attributes.
var modes = []struct{ name, rule, attributes string }{
	{"static", "go_static_binary", ""},
	{"pie", "go_pie_binary", ""},
	{"nolibc", "go_nolibc_binary", ""},
	{"packed", "go_pie_binary", "pack = \"lz4\", "},
}

// writeBuild writes BUILD.bazel with targets that wrap a go_binary.
func (w *workspace) writeBuild(binary string) error {
	var s strings.Builder
	s.WriteString("load(\"@rules_go3s//rules:defs.bzl\", \"go_nolibc_binary\", \"go_pie_binary\", \"go_static_binary\")\n\n")
	fmt.Fprintf(&s, "PLATFORMS = [\"@rules_go3s//platforms:linux_\" + arch for arch in [\"%s\"]]\n", strings.Join(w.archs, `", "`))
	for _, m := range modes {
		fmt.Fprintf(&s, "\n%s(name = %q, binary = %q, %splatforms = PLATFORMS)\n", m.rule, m.name, binary, m.attributes)
	}
	return os.WriteFile(filepath.Join(w.dir, "BUILD.bazel"), []byte(s.String()), 0o666)
}
