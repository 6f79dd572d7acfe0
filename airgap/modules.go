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
	"slices"
	"strconv"
	"strings"
	"time"
)

// moduleDirs maps the Bazel modules of which the air-gap mode has one version to their
// directory in the install. A module that is neither here nor in releases is an error in graph.go.
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
	// Written for the air-gap mode: see stubs/README.md.
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
	dir           string // below the directory of the Bazel module
}

// release is one version of a Bazel module that comes from the Go module mirror.
type release struct {
	version string
	parts   []goModule
}

// releases are the Bazel modules that come from the Go module mirror, the oldest version first. The newest patch of
// each is tested (e2e/outsider/versions.sh).
var releases = map[string][]release{
	"rules_go": {
		rulesGo("0.62.0", "h1:FpVmU5mfoqSiY6dLquUAtldkcKOMLrmNaWrSnXuGPF4="),
		rulesGo("0.63.0", "h1:G/hGy2pBLxlrxbpQBJKdHSLhu3KFIkFsuNg8m59mn3c="),
		rulesGo("0.64.0", "h1:2LcE+O7GNM6m7o63icYsJeedOaAjBtG/Zuxhl8Xf+DU="),
		rulesGo("0.64.1", "h1:XGYR0GmQ6RDRvDaP9H+IXZsKidX2gJmKu9rZx5fGNq0="),
		rulesGo("0.64.2", "h1:bBzVLLT/gSQ+bhE7V1rQDQRBIcQgbv0kZrVCjELBE/Q="),
		rulesGo("0.65.0", "h1:oHAvkNIMaOhguFSCHi0bCoUhz2390srk4U0rTn9mqBc="),
	},
	"gazelle": {
		gazelle("0.50.0", "h1:/QNWnew6d0y9afP+0uWiGFIApw+spvE5fdVdNjcpHg0=", gazelleV2_1),
		gazelle("0.51.2", "h1:jfIAvB7iDpnJjdbmNP/zHv9yF2tubQd3qA5Xgyb81po=", gazelleV2_2),
		gazelle("0.51.3", "h1:WtLCDPJTj06AWZizuN0SpkX8njjH1meOFgYbia6mD64=", gazelleV2_2),
		gazelle("0.53.0", "h1:qNh2WraxM8cjIeHZQ7QPTTSPbkrX9Z0GkhtGbiz1ToE=", gazelleV2_3),
		gazelle("0.54.0", "h1:BtOU6xkQjZmXVcrxirX3SwUq0PCp9FGls8foOZj5Eu0=", gazelleV2_3),
	},
}

func rulesGo(version, sum string) release {
	return release{version, []goModule{{"github.com/bazelbuild/rules_go", "v" + version, sum, "."}}}
}

func gazelle(version, sum string, v2 goModule) release {
	return release{version, []goModule{{"github.com/bazelbuild/bazel-gazelle", "v" + version, sum, "."}, v2}}
}

// Gazelle's nested Go module, which the zip of the outer one leaves out. Gazelle 0.52 is not among the releases since what it needs
// has no version: it is newer than v2.0.0-2, which its go.mod names, and older than v2.0.0-3.
var (
	gazelleV2_1 = goModule{"github.com/bazel-contrib/bazel-gazelle/v2", "v2.0.0-1", "h1:Aney60tyjQn3ON+KPFQhEZ7saU1EtOhlCrGTKGkxiEI=", "v2"}
	gazelleV2_2 = goModule{"github.com/bazel-contrib/bazel-gazelle/v2", "v2.0.0-2", "h1:lSINS7DK4xjm0Z4CBd7onO63uIe6WUsEZ/0voExa+JY=", "v2"}
	gazelleV2_3 = goModule{"github.com/bazel-contrib/bazel-gazelle/v2", "v2.0.0-3", "h1:Mq3iQ30V39RGCErrbnhHFOAcnxpWTIrk35Pc9guNfOY=", "v2"}
)

// pick returns the oldest release of the module that is not older than the version asked for.
func pick(module, asked string) (release, error) {
	have := releases[module]
	for _, r := range have {
		order, err := compareVersions(r.version, asked)
		if err != nil {
			return release{}, fmt.Errorf("bazel_dep(name = %q): %w", module, err)
		}
		if order >= 0 {
			return r, nil
		}
	}
	return release{}, fmt.Errorf("%s %s is wanted, and the newest that the air-gap mode carries is %s; "+
		"ask for that one, add the newer one to airgap/modules.go, or use a Bazel that reaches the registry (RULES_GO3S_AIRGAP=0)",
		module, asked, have[len(have)-1].version)
}

// compareVersions orders versions of Bazel modules that are numbers with points between them. The empty
// version, which a bazel_dep has that asks for none, is the oldest.
func compareVersions(a, b string) (int, error) {
	numbers := func(version string) (list []int, err error) {
		if version == "" {
			return nil, nil
		}
		for part := range strings.SplitSeq(version, ".") {
			n, err := strconv.Atoi(part)
			if err != nil {
				return nil, fmt.Errorf("version %q: want numbers with points between them, as in 0.62.0", version)
			}
			list = append(list, n)
		}
		return list, nil
	}
	x, err := numbers(a)
	if err != nil {
		return 0, err
	}
	y, err := numbers(b)
	if err != nil {
		return 0, err
	}
	return slices.Compare(x, y), nil
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

// gazelleEdits make Gazelle write the BUILD files of Go modules itself, without rules for protocol buffers, where the workspace
// does not say how: there is no protoc, and the Go code that it generates is in every Go module, as the go command wants it
// there. BUILD files that a module brings along may have such rules, and load Bazel modules that are not there.
var gazelleEdits = []edit{
	{
		file: "internal/bzlmod/go_deps.bzl",
		old:  `DEFAULT_DIRECTIVES_BY_PATH, path, [], "directives")`,
		new:  `DEFAULT_DIRECTIVES_BY_PATH, path, ["gazelle:proto disable_global"], "directives")`,
	},
	{
		file: "internal/bzlmod/go_deps.bzl",
		old:  `DEFAULT_BUILD_FILE_GENERATION_BY_PATH, path, "auto", "build_file_generation")`,
		new:  `DEFAULT_BUILD_FILE_GENERATION_BY_PATH, path, "clean", "build_file_generation")`,
	},
}

// addModules puts the modules written for the air-gap mode below in.work, and what Debian's lack into them.
func (in *install) addModules() error {
	if err := copyTree(filepath.Join(in.source, "stubs"), filepath.Join(in.work, "modules/stubs")); err != nil {
		return err
	}
	features := filepath.Join(in.work, moduleDirs["bazel_features"])
	if err := os.Rename(filepath.Join(features, "features.bzl"), filepath.Join(features, "debian_features.bzl")); err != nil {
		return err
	}
	if err := copyTree(filepath.Join(in.source, "bazel_features"), features); err != nil {
		return err
	}
	// A glob in the BUILD file beside it wants a page, as --incompatible_disallow_empty_glob demands; Debian installs none.
	page := filepath.Join(in.work, moduleDirs["rules_license"], "README.md")
	return os.WriteFile(page, []byte("rules_license as Debian packages it.\n"), 0o644)
}

// releaseDir returns the directory of a release in the install.
func (in *install) releaseDir(module string, r release) string {
	return in.path(filepath.Join("modules", module+"-"+r.version))
}

// addRelease puts a release into the finished install, unless it is there: workspaces ask for different ones.
func (in *install) addRelease(ctx context.Context, module string, r release) error {
	dir := in.releaseDir(module, r)
	if isDir(dir) {
		return nil
	}
	unlock, err := in.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if isDir(dir) { // another process made it while this one waited
		return nil
	}
	work := dir + ".partial"
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	defer os.RemoveAll(work)
	progress("fetching %s %s from the Go module mirror, once", module, r.version)
	start := time.Now()
	var size int64
	for _, m := range r.parts {
		got, err := m.download(ctx)
		if err != nil {
			return err
		}
		if info, err := os.Stat(got.Zip); err == nil {
			size += info.Size()
		}
		if err := copyTree(got.Dir, filepath.Join(work, m.dir)); err != nil {
			return err
		}
	}
	progress("%s %s: %s", module, r.version, transfer(size, 0, time.Since(start)))
	edits := gazelleEdits
	if module == "rules_go" {
		edits = rulesGoEdits
		err = copyTree(filepath.Join(in.source, "rules_go"), filepath.Join(work, "go/private"))
	} else {
		err = listSources(ctx, work)
	}
	if err != nil {
		return err
	}
	for _, e := range edits {
		if err := e.apply(work); err != nil {
			return err
		}
	}
	return os.Rename(work, dir)
}

// listSources writes the list of Gazelle's sources that its bootstrap wants, which its releases contain and its Go
// module does not.
func listSources(ctx context.Context, gazelle string) error {
	gen := exec.Command("go", "run", "internal/list_repository_tools_srcs.go",
		"-dir", gazelle, "-generate", "internal/go_repository_tools_srcs.bzl")
	gen.Dir = gazelle
	gen.Env = append(os.Environ(), "GO111MODULE=off", "GOFLAGS=", "PWD="+gazelle)
	_, err := output(ctx, gen)
	return err
}

// A download is a module in the module cache, as "go mod download -json" describes it.
type download struct{ Dir, Zip, Sum, Error string }

// download gets the module into the module cache. The go command uses
// the machine's own mirror and checksum settings; the sum is compared besides.
func (m goModule) download(ctx context.Context) (got download, err error) {
	cmd := exec.Command("go", "mod", "download", "-json", m.path+"@"+m.version)
	cmd.Dir = os.TempDir() // outside of any module
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GO111MODULE=on")
	out, err := output(ctx, cmd)
	if jsonErr := json.Unmarshal([]byte(out), &got); err == nil && jsonErr != nil {
		return got, jsonErr
	}
	if err != nil {
		return got, fmt.Errorf("%w\ncheck \"go env GOPROXY GONOSUMDB GOSUMDB\": the module must come from a mirror that this machine reaches", err)
	}
	if got.Sum != m.sum {
		return got, fmt.Errorf("%s@%s: checksum %s, want %s: the Go module mirror serves other content than the public one", m.path, m.version, got.Sum, m.sum)
	}
	return got, nil
}

func (e edit) apply(dir string) error {
	file := filepath.Join(dir, e.file)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n := bytes.Count(text, []byte(e.old)); n != 1 {
		return fmt.Errorf("%s: %q occurs %d times, want once: the edits in airgap/modules.go are for other versions", e.file, e.old, n)
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
