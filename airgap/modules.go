package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// moduleDirs maps each Bazel module that the air-gap mode can provide to its
// directory in the install. A module that is not here is an error in graph.go.
var moduleDirs = map[string]string{
	// From Debian's packages.
	"bazel_features": "usr/share/bazel/tools/features",
	"bazel_skylib":   "usr/share/bazel/tools/skylib",
	"platforms":      "usr/share/bazel/tools/platforms",
	"rules_cc":       "usr/share/bazel/rules/cc",
	"rules_java":     "usr/share/bazel/rules/java",
	"rules_license":  "usr/share/bazel/rules/license",
	"rules_proto":    "usr/share/bazel/rules/proto",
	"rules_python":   "usr/share/bazel/rules/python",
	"rules_shell":    "usr/share/bazel/rules/shell",
	"stardoc":        "usr/share/bazel/tools/stardoc",
	// From the Go module mirror.
	"gazelle":  "modules/gazelle",
	"rules_go": "modules/rules_go",
	// Resolved but never built: see stubs/README.md.
	"apple_support":    "modules/stubs/apple_support",
	"buildozer":        "modules/stubs/buildozer",
	"package_metadata": "modules/stubs/package_metadata",
	"protobuf":         "modules/stubs/protobuf",
	"zlib":             "modules/stubs/zlib",
}

// goModule is a Go module whose zip carries a Bazel module, or a part of one.
type goModule struct {
	path, version string
	sum           string // as in go.sum
	dir           string // below modules/
}

// goModules are the newest versions that work with the modules of Debian: rules_go 0.64
// wants a newer bazel_features.
var goModules = []goModule{
	{"github.com/bazelbuild/rules_go", "v0.62.0", "h1:FpVmU5mfoqSiY6dLquUAtldkcKOMLrmNaWrSnXuGPF4=", "rules_go"},
	{"github.com/bazelbuild/bazel-gazelle", "v0.54.0", "h1:BtOU6xkQjZmXVcrxirX3SwUq0PCp9FGls8foOZj5Eu0=", "gazelle"},
	// A nested Go module, which the zip of the outer one leaves out.
	{"github.com/bazel-contrib/bazel-gazelle/v2", "v2.0.0-3", "h1:Mq3iQ30V39RGCErrbnhHFOAcnxpWTIrk35Pc9guNfOY=", "gazelle/v2"},
}

// edit replaces a part of a file.
type edit struct {
	file, old, new string
}

// rulesGoEdits make rules_go take a Go SDK from the machine where it would download one;
// rules_go/airgap.bzl says which.
var rulesGoEdits = []edit{
	{
		file: "go/private/sdk.bzl",
		old:  "load(\"//go/private:common.bzl\"",
		new:  "load(\"//go/private:airgap.bzl\", \"airgap_goroot\")\nload(\"//go/private:common.bzl\"",
	},
	{
		file: "go/private/sdk.bzl",
		old:  "def _go_download_sdk_impl(ctx):\n",
		new: `def _airgap_sdk_impl(ctx):
    goroot = airgap_goroot(ctx)
    _sdk_build_file(ctx, _detect_sdk_platform(ctx, goroot), _detect_sdk_version(ctx, goroot), experiments = ctx.attr.experiments)
    _local_sdk(ctx, goroot)

def _go_download_sdk_impl(ctx):
`,
	},
	{
		file: "go/private/sdk.bzl",
		old:  "    implementation = _go_download_sdk_impl,\n",
		new:  "    implementation = _airgap_sdk_impl,\n",
	},
	{ // The list of released SDKs is of no use without downloads.
		file: "go/private/sdk.bzl",
		old:  "def fetch_sdks_by_version(ctx, allow_fail = False):\n",
		new:  "def fetch_sdks_by_version(ctx, allow_fail = False):\n    if allow_fail:\n        return None\n",
	},
}

// addModules puts the modules that no Debian package carries below in.work/modules.
func (in *install) addModules(ctx context.Context) error {
	modules := filepath.Join(in.work, "modules")
	for _, m := range goModules {
		src, err := m.download(ctx)
		if err != nil {
			return err
		}
		if err := copyTree(src, filepath.Join(modules, m.dir)); err != nil {
			return err
		}
	}
	if err := copyTree(filepath.Join(in.source, "stubs"), filepath.Join(modules, "stubs")); err != nil {
		return err
	}
	rulesGo := filepath.Join(modules, "rules_go")
	if err := copyTree(filepath.Join(in.source, "rules_go"), filepath.Join(rulesGo, "go/private")); err != nil {
		return err
	}
	for _, e := range rulesGoEdits {
		if err := e.apply(rulesGo); err != nil {
			return err
		}
	}
	// Gazelle's bootstrap wants a list of its sources, which its releases contain and its Go
	// module does not.
	gazelle := filepath.Join(modules, "gazelle")
	gen := exec.Command("go", "run", "internal/list_repository_tools_srcs.go",
		"-dir", gazelle, "-generate", "internal/go_repository_tools_srcs.bzl")
	gen.Dir = gazelle
	gen.Env = append(os.Environ(), "GO111MODULE=off", "GOFLAGS=", "PWD="+gazelle)
	_, err := output(ctx, gen)
	return err
}

// download returns the directory of the module in the module cache. The go command uses
// the machine's own mirror and checksum settings; the sum is compared besides.
func (m goModule) download(ctx context.Context) (dir string, err error) {
	cmd := exec.Command("go", "mod", "download", "-json", m.path+"@"+m.version)
	cmd.Dir = os.TempDir() // outside of any module
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GO111MODULE=on")
	out, err := output(ctx, cmd)
	var got struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal([]byte(out), &got); err == nil && jsonErr != nil {
		return "", jsonErr
	}
	if err != nil {
		return "", fmt.Errorf("%w\ncheck \"go env GOPROXY GONOSUMDB GOSUMDB\": the module must come from a mirror that this machine reaches", err)
	}
	if got.Sum != m.sum {
		return "", fmt.Errorf("%s@%s: checksum %s, want %s: the Go module mirror serves other content than the public one", m.path, m.version, got.Sum, m.sum)
	}
	return got.Dir, nil
}

func (e edit) apply(dir string) error {
	file := filepath.Join(dir, e.file)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n := bytes.Count(text, []byte(e.old)); n != 1 {
		return fmt.Errorf("%s: %q occurs %d times, want once: the edits in airgap/modules.go are for another version of rules_go", e.file, e.old, n)
	}
	return os.WriteFile(file, bytes.Replace(text, []byte(e.old), []byte(e.new), 1), 0o644)
}

// copyTree copies the regular files below src. Module zips carry no modes: a file that
// starts with "#!" is made executable.
func copyTree(src, dst string) error {
	return filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, p)
		if err != nil {
			return err
		}
		target := filepath.Join(dst, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(string(data), "#!") {
			mode = 0o755
		}
		return os.WriteFile(target, data, mode)
	})
}
