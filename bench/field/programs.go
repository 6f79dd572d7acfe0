package main

import (
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
)

// A program is one of the field. Its fields decide what is built and compared, so that a result is current only
// as long as they stay.
type program struct {
	Name string
	// Module, Version: the newest release, when this table was written, that the module proxy served and Go 1.26.8 builds.
	Module, Version string
	Package         string // of main, below the module; "" is the module itself
	// Replace are the "replace" lines of the program's own go.mod, "OLD => NEW VERSION"; those of a dependency do not count.
	Replace []string
	// Generation is go_deps' build_file_generation; "" is "clean".
	Generation string
	// Patches are changes to the BUILD files that Gazelle makes of a module, as its users make them too where it goes wrong.
	Patches []modulePatch `json:",omitempty"`
	// Runs are the command lines that are compared; nil is "--version" and "--help".
	Runs   [][]string
	Server *server
	// Accepted are findings that are true, each with the reason why it stays.
	Accepted []accepted
}

// A server is started, asked over loopback and stopped. In Args and Files {port} and {port2} stand for free TCP ports, {dir} for an empty
// directory.
type server struct {
	Args  []string
	Files map[string]string // in {dir}
	Path  string            // asked by HTTP at {port}
}

// A modulePatch is a file of directory patches that go_deps applies to a module.
type modulePatch struct{ Module, File string }

//go:embed patches
var patches embed.FS

// These embed files that are in packages of their own, for which Gazelle has no rule.
var (
	kyaml = []modulePatch{{"sigs.k8s.io/kustomize/kyaml", "kyaml.patch"}}
	k6    = []modulePatch{{"go.k6.io/k6", "k6.patch"}}
)

// accepted is a finding that is no fault of the tools.
type accepted struct{ Rule, Subject, Reason string }

func (p program) pkg() string { return strings.TrimSuffix(p.Module+"/"+p.Package, "/") }

func (p program) runs() [][]string {
	if p.Runs != nil {
		return p.Runs
	}
	return [][]string{{"--version"}, {"--help"}}
}

// key identifies everything in p that a result depends on.
func (p program) key() string {
	p.Accepted = nil // concerns the document alone
	data, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings only
	}
	for _, patch := range p.Patches {
		text, err := patches.ReadFile("patches/" + patch.File)
		if err != nil {
			panic(err) // the table names it
		}
		data = append(data, text...)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))[:16]
}

// known says of packages, and of those below their paths, what their sources have for some machines only, as far as somebody has looked;
// and, as "more of PROGRAM", of what a report leaves out.
var known = map[string]string{
	"bazil.org/fuse":       "flags of open have other numbers on arm64",
	"dep golang.org/x/sys": "the program has its package cpu alone, and not for all machines (see there)",
	"filippo.io/nistec":    "p256_asm.go is for amd64 and arm64, p256.go for the others",
	"github.com/DataDog/dd-trace-go/v2/internal/appsec/body/json":          "encodes what simdjson-go has parsed, which it does on amd64 alone: elsewhere json.Parse returns an error, and jsoniter.go takes its place",
	"github.com/DataDog/go-libddwaf/v5/internal/support":                   "waf_unsupported_target.go, for neither amd64 nor arm64, adds an error that names the machine",
	"github.com/Files-com/files-sdk-go/v3/ignore":                          "a switch over runtime.GOOS: riscv64 compares constant strings byte by byte when the program runs, and has the default case, too",
	"github.com/andybalholm/brotli":                                        "a constant that the linker keeps by the name of another package: mended in linkcheck since this was built",
	"github.com/andybalholm/cascadia":                                      "with the start of the string after it, of which only the inside is used: mended in linkcheck since this was built",
	"github.com/apache/arrow-go/v18/arrow/array":                           "generic functions that are not inlined on riscv64 have closures of their own there",
	"github.com/apache/arrow-go/v18/arrow/bitutil":                         "bitmap_ops_amd64.go and bitmap_ops_arm64.go choose what assembly there is",
	"github.com/apache/arrow-go/v18/internal/hashing":                      "generic functions that are not inlined on riscv64 have dictionaries of their own there",
	"github.com/apache/arrow-go/v18/internal/utils":                        "min_max_amd64.go and min_max_arm64.go choose what assembly there is",
	"github.com/coredns/coredns/plugin/pkg/dnsutil":                        "strings.TrimSuffix asks what was asked just before, and arm64 leaves no instruction of it: mended in linkcheck since this was built",
	"github.com/envoyproxy/go-control-plane/envoy":                         "validations that cannot fail: on riscv64 the compiler keeps the branch that returns their error, and with it the methods of its type",
	"github.com/evanw/esbuild/internal/linker":                             "riscv64 cannot merge stores of bytes, so hashWriteUint32 is too large to be inlined, and calls by an interface",
	"github.com/gabriel-vasile/mimetype":                                   "arm64 compares with the negative of this number: mended in linkcheck since this was built",
	"github.com/goccy/go-json":                                             "hasStringSIMD is a constant, but on amd64",
	"github.com/google/pprof/internal/binutils":                            "openFatMachO decides by runtime.GOARCH, and riscv64 has no case",
	"github.com/google/s2a-go/internal/v2":                                 "remotesigner.New does not return nil, which the compiler sees where it inlines it",
	"github.com/hanwen/go-fuse/v2/fuse":                                    "flags of open have other numbers on arm64",
	"github.com/minio/minlz":                                               "asm_none.go is for machines without assembly, which arm64 and riscv64 are",
	"github.com/minio/simdjson-go":                                         "parses on amd64 alone; simdjson_other.go returns an error",
	"github.com/peterbourgon/diskv":                                        "a constant that the linker keeps by the name of another package: mended in linkcheck since this was built",
	"github.com/prometheus/procfs":                                         "a file for each machine parses /proc/cpuinfo",
	"github.com/rclone/rclone/lib/buildinfo":                               "GetArch decides by runtime.GOARCH",
	"github.com/tetratelabs/wazero":                                        "its compiler of WebAssembly is for amd64 and arm64; riscv64 has the interpreter alone",
	"go.k6.io/k6/internal/output/json":                                     "with the start of the string after it, of which only the inside is used: mended in linkcheck since this was built",
	"golang.org/x/crypto/internal/poly1305":                                "sum_asm.go replaces the generic code on amd64",
	"golang.org/x/net/internal/socket":                                     "msghdr of riscv64 has a gap between members, so that the compiler makes a function to compare two",
	"golang.org/x/sys/cpu":                                                 "imported by files for some machines: with assembly, as chacha20poly1305_amd64.go, or without, as nistec's p256.go",
	"golang.org/x/text/internal/language":                                  "the string before an embedded file, with the zeros that align it: mended in linkcheck since this was built",
	"helm.sh/helm/v4/pkg/chart/v2/util":                                    "the string before an embedded file, with the zeros that align it: mended in linkcheck since this was built",
	"k8s.io/kube-openapi/pkg/internal/third_party/go-json-experiment/json": "closures that are called after the function that the compiler inlines them into: mended in linkcheck since this was built",
	"more of helm":          "not looked at one by one: hugo has the same release of wazero and as many, and those are of wazero and golang.org/x/sys/cpu",
	"more of hugo":          "of wazero and golang.org/x/sys/cpu, too",
	"more of rclone":        "the dictionary of golang.org/x/exp/slices.SortFunc, a generic function in which the compiler inlines others on riscv64",
	"storj.io/common/storj": "what an instruction of bits.TrailingZeros16 returns is known to the compiler; riscv64 calls the function",
}

// programs are the field: the smallest first.
var programs = []program{
	{Name: "age", Module: "filippo.io/age", Version: "v1.3.2", Package: "cmd/age"},
	{Name: "shfmt", Module: "mvdan.cc/sh/v3", Version: "v3.14.1", Package: "cmd/shfmt"},
	{Name: "buildifier", Module: "github.com/bazelbuild/buildtools", Version: "v0.0.0-20260904073137-eaa4d125b423", Package: "buildifier"},
	{Name: "fzf", Module: "github.com/junegunn/fzf", Version: "v0.65.2"},
	{Name: "gofumpt", Module: "mvdan.cc/gofumpt", Version: "v0.12.0"},
	{Name: "mkcert", Module: "filippo.io/mkcert", Version: "v1.4.4"},
	{Name: "gotestsum", Module: "gotest.tools/gotestsum", Version: "v1.13.0"},
	{Name: "bbolt", Module: "go.etcd.io/bbolt", Version: "v1.5.0", Package: "cmd/bbolt", Runs: [][]string{{"version"}, {"--help"}}},
	{Name: "croc", Module: "github.com/schollz/croc/v10", Version: "v10.7.0"},
	{Name: "yq", Module: "github.com/mikefarah/yq/v4", Version: "v4.54.3"},
	{Name: "pprof", Module: "github.com/google/pprof", Version: "v0.0.0-20261105003125-4bf881d7fb0b", Runs: [][]string{{"--help"}}},
	{Name: "vegeta", Module: "github.com/tsenart/vegeta/v12", Version: "v12.13.0", Runs: [][]string{{"-version"}, {"-help"}}},
	{Name: "esbuild", Module: "github.com/evanw/esbuild", Version: "v0.28.2", Package: "cmd/esbuild"},
	{Name: "staticcheck", Module: "honnef.co/go/tools", Version: "v0.8.2", Package: "cmd/staticcheck", Runs: [][]string{{"-version"}, {"-help"}, {"-list-checks"}}},
	{Name: "kind", Module: "sigs.k8s.io/kind", Version: "v0.33.0"},
	{Name: "crane", Module: "github.com/google/go-containerregistry", Version: "v0.22.1", Package: "cmd/crane", Runs: [][]string{{"version"}, {"--help"}}},
	{Name: "kustomize", Module: "sigs.k8s.io/kustomize/kustomize/v5", Version: "v5.8.2", Patches: kyaml, Runs: [][]string{{"version"}, {"--help"}}},
	{Name: "statsd_exporter", Module: "github.com/prometheus/statsd_exporter", Version: "v0.31.0",
		Server: &server{Args: []string{"--web.listen-address=127.0.0.1:{port}", "--statsd.listen-tcp=127.0.0.1:{port2}", "--statsd.listen-udp="}, Path: "/"}},
	{Name: "node_exporter", Module: "github.com/prometheus/node_exporter", Version: "v1.12.1",
		Server: &server{Args: []string{"--web.listen-address=127.0.0.1:{port}"}, Path: "/"}},
	{Name: "nats-server", Module: "github.com/nats-io/nats-server/v2", Version: "v2.15.3",
		Server: &server{Args: []string{"--addr=127.0.0.1", "--port={port2}", "--http_port={port}"}, Path: "/healthz"}},
	{Name: "grpcurl", Module: "github.com/fullstorydev/grpcurl", Version: "v1.9.4", Package: "cmd/grpcurl", Runs: [][]string{{"-version"}, {"-help"}}},
	{Name: "restic", Module: "github.com/restic/restic", Version: "v0.10.0", Package: "cmd/restic", Runs: [][]string{{"version"}, {"--help"}}},
	{Name: "task", Module: "github.com/go-task/task/v3", Version: "v3.54.0", Package: "cmd/task"},
	{Name: "gitleaks", Module: "github.com/zricethezav/gitleaks/v8", Version: "v8.30.1"},
	{Name: "gopls", Module: "golang.org/x/tools/gopls", Version: "v0.23.0", Runs: [][]string{{"version"}, {"help"}}},
	{Name: "etcdctl", Module: "go.etcd.io/etcd/etcdctl/v3", Version: "v3.7.3", Runs: [][]string{{"version"}, {"--help"}}},
	{Name: "mc", Module: "github.com/minio/mc", Version: "v0.0.0-20250313080218-cf909e1063a9"},
	{Name: "xray", Module: "github.com/xtls/xray-core", Version: "v1.260327.0", Package: "main", Runs: [][]string{{"version"}, {"help"}}},
	{Name: "buf", Module: "github.com/bufbuild/buf", Version: "v1.75.0", Package: "cmd/buf"},
	{Name: "opa", Module: "github.com/open-policy-agent/opa", Version: "v1.22.4", Runs: [][]string{{"version"}, {"--help"}},
		Server: &server{Args: []string{"run", "--server", "--addr=127.0.0.1:{port}", "--disable-telemetry"}, Path: "/health"}},
	{Name: "caddy", Module: "github.com/caddyserver/caddy/v2", Version: "v2.11.9", Package: "cmd/caddy",
		Server: &server{Args: []string{"file-server", "--listen=127.0.0.1:{port}", "--root={dir}"}, Files: map[string]string{"hello.txt": "hello\n"}, Path: "/hello.txt"}},
	{Name: "helm", Module: "helm.sh/helm/v4", Version: "v4.3.2", Package: "cmd/helm", Patches: kyaml, Runs: [][]string{{"version"}, {"--help"}}},
	{Name: "golangci-lint", Module: "github.com/golangci/golangci-lint/v2", Version: "v2.15.0", Package: "cmd/golangci-lint"},
	{Name: "k6", Module: "go.k6.io/k6", Version: "v1.8.1", Patches: k6, Runs: [][]string{{"version"}, {"--help"}}},
	{Name: "hugo", Module: "github.com/gohugoio/hugo", Version: "v0.164.0", Runs: [][]string{{"version"}, {"--help"}}},
	{Name: "rclone", Module: "github.com/rclone/rclone", Version: "v1.76.0", Runs: [][]string{{"version"}, {"--help"}},
		Server: &server{Args: []string{"serve", "http", "--addr=127.0.0.1:{port}", "{dir}"}, Files: map[string]string{"hello.txt": "hello\n"}, Path: "/hello.txt"}},
	{Name: "coredns", Module: "github.com/coredns/coredns", Version: "v1.15.0", Runs: [][]string{{"-version"}, {"-plugins"}},
		Server: &server{Args: []string{"-conf={dir}/Corefile"}, Files: map[string]string{"Corefile": ".:{port2} {\n  bind 127.0.0.1\n  health 127.0.0.1:{port}\n  whoami\n}\n"}, Path: "/health"}},
	{Name: "tailscale", Module: "tailscale.com", Version: "v1.102.5", Package: "cmd/tailscale"},
	{Name: "victoria-metrics", Module: "github.com/VictoriaMetrics/VictoriaMetrics", Version: "v1.151.0", Package: "app/victoria-metrics",
		Server: &server{Args: []string{"-httpListenAddr=127.0.0.1:{port}", "-storageDataPath={dir}/data"}, Path: "/health"}},
	{Name: "k9s", Module: "github.com/derailed/k9s", Version: "v0.50.16", Runs: [][]string{{"version"}, {"--help"}}},
	{Name: "syft", Module: "github.com/anchore/syft", Version: "v1.57.1", Package: "cmd/syft"},
	{Name: "opentofu", Module: "github.com/opentofu/opentofu", Version: "v1.12.6", Package: "cmd/tofu",
		Replace: []string{"github.com/hashicorp/hcl/v2 => github.com/opentofu/hcl/v2 v2.20.2-0.20251021132045-587d123c2828"},
		Runs:    [][]string{{"version"}, {"--help"}}},
	{Name: "prometheus", Module: "github.com/prometheus/prometheus", Version: "v0.316.0", Package: "cmd/prometheus",
		Server: &server{Args: []string{"--config.file={dir}/p.yml", "--storage.tsdb.path={dir}/data", "--web.listen-address=127.0.0.1:{port}"},
			Files: map[string]string{"p.yml": "global: {}\n"}, Path: "/-/healthy"}},
}
