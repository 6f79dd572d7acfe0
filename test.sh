#!/bin/sh
# Runs every test of this repository, on a machine with Go and either the internet or Debian's packages.
set -eu
cd "$(dirname "$0")"

newest_go=1.27.4 # besides the release on PATH

step() { printf '\n== %s\n' "$*"; }

# Tests of the Go packages start foreign programs by the emulators that Bazel found.
emulator=$(./bazelw cquery --output=files @rules_go3s_emulators//:emulators | head -n 1)
if [ -z "$emulator" ]; then
  echo "test.sh: no emulators: install qemu's user mode (Debian: qemu-user-static)" >&2
  exit 1
fi
RULES_GO3S_QEMU_DIR=$(dirname "$(readlink -f "$(./bazelw info output_base)/$emulator")")
export RULES_GO3S_QEMU_DIR

step "Pages: lines, links, messages, reference"
go test -count=1 ./docs/... ./bench/picture

step "Go: format, vet, build and tests"
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  echo "not formatted, run gofmt -w on: $unformatted" >&2
  exit 1
fi
go vet ./...
go build ./...
# Some tests compile a zoo of programs for three architectures first.
go test -timeout 40m ./...

if command -v gcc >/dev/null; then
  step "Go: races in keyguard"
  CGO_ENABLED=1 go test -race -run 'TestConcurrent|TestUse|TestPasswords|TestZeroizeInUse' ./keyguard
fi

step "Go: every step with a program of another release"
go run ./bench/releases -go $newest_go -platforms amd64

step "Go: programs of the newest Go, $newest_go"
# The tests that depend most on the release; this Go compiles them, and the newest one what they test with.
tests='TestOracle|TestStandardLibrary|TestAsGoCommand|TestOutputs|TestSameOutput|TestGoBuild|TestIdempotent|TestExternalTwice'
tests="^($tests|Test|TestGoPrograms|TestGovulncheck|TestStdTable)\$"
GO=$(GOTOOLCHAIN=go$newest_go go env GOROOT)/bin/go
export GO
go test -run "$tests" ./internal/gobin ./internal/exportdata ./internal/godebug \
  ./internal/link/cmdlink ./internal/pcln ./internal/link/stdtest ./tools/elfstrip ./tools/linkcheck
go test ./internal/golink -identity.goarch amd64
unset GO

step "Go modules: MODULE.bazel and go.mod agree"
# By the checksums: what tests import besides has the same version for Bazel and for the go command.
sed -n 's/^ *sum = "\(h1:.*\)",$/\1/p' MODULE.bazel | while read -r sum; do
  grep -qF " $sum" go.sum || { echo "MODULE.bazel: $sum is not in go.sum: give dev_go_deps the versions of go.mod" >&2; exit 1; }
done

step "Starlark: format and lint"
go run github.com/bazelbuild/buildtools/buildifier@v0.0.0-20260904073137-eaa4d125b423 -mode=check -lint=warn -r .

step "BUILD files: current"
go run github.com/bazelbuild/bazel-gazelle/cmd/gazelle@v0.45.0 update -repo_root . -mode=diff

step "Bazel: this module"
./bazelw test --config=cache //...

step "Bazel: what the actions use"
sh tests/hermeticity_test.sh

step "Bazel: a workspace that uses the release"
sh release/outsider_test.sh --config=cache

step "Bazel: the same workspace with the oldest and the newest rules_go and Gazelle, and other releases of Go"
# One of them with what Bazel 8 and 9 turned on: each set of flags builds the standard library once more.
e2e/outsider/versions.sh -go 1.26.11 -config next 0.62.0/0.50.0
e2e/outsider/versions.sh -go $newest_go 0.65.0/0.54.0

step "Bazel: programs that go_binary builds"
(cd e2e/dropin && ../../bazelw test --config=cache //...)
sh e2e/dropin/configurations.sh --config=cache
(
  cd e2e/dropin
  set -- //modules //modules:bbolt //tags:tz
  ../../bazelw build --config=cache "$@"
  program() { ../../bazelw cquery --config=cache --output=files "$1"; }
  arch=$(go env GOARCH)
  ../buildinfo.sh -no-sums "$(program "$1")" ./modules "$arch" exe "$(program "$2")" go.etcd.io/bbolt/cmd/bbolt "$arch" exe
  # The same program by golink build.
  linked=$(../../bazelw cquery --config=cache --output=starlark \
    --starlark:expr='providers(target)["OutputGroupInfo"].linked.to_list()[0].path' "$1")
  ../../bazelw build --config=cache --output_groups=linked "$1"
  modules=$PWD/$(program "$1")
  (cd ../.. && go run ./e2e/withoutbazel "$modules" "e2e/dropin/$linked" e2e/dropin ./modules -buildmode=exe)
  ../buildinfo.sh -tags special,timetzdata "$(program "$3")" ./tags "$arch" exe
)

step "Bazel: the same bytes elsewhere"
e2e/reproducible/run.sh -only go,gobuild,elsewhere

step "Bazel: what Bazel 8 and 9 turned on"
./bazelw build --config=cache --config=next --nobuild //...
./bazelw test --config=cache --config=next //tests/analysis/...
(cd e2e/dropin && ../../bazelw build --config=cache --config=next --nobuild //...)

step "Bazel: third-party programs"
field=$(mktemp -d)
go run ./bench/field -only shfmt,fzf,bbolt -platforms amd64 -work "$field"
chmod -R u+w "$field" && rm -rf "$field"

step "Boot: Secure Boot starts a signed image, and refuses a changed one; execguard allows and refuses"
e2e/boot/run.sh fast

step "Releases: what other people's readers say of an example's and of this module's"
./bazelw build --config=cache //examples/release //release
bin=$(./bazelw info bazel-bin)
(cd e2e/release && go vet . && RELEASE=$bin/examples/release/release OWN_RELEASE=$bin/release/release go test -count=1 .)
./bazelw test --config=cache //release:release_test

step "Bazel: builds that must fail"
sh e2e/refusals/refusals_test.sh --config=cache
sh e2e/refusals/fips_sdk_test.sh --config=cache

step "Bazel: a workspace that links by LLD and GNU ld"
if command -v ld.lld >/dev/null && command -v riscv64-linux-gnu-ld.bfd >/dev/null; then
  (cd e2e/linkers && ../../bazelw test --config=cache //...)
else
  echo "NOT RUN: install LLD and GNU ld (Debian: lld binutils-aarch64-linux-gnu binutils-riscv64-linux-gnu)"
fi

step "bazelw"
sh airgap/doctor_test.sh
sh airgap/bazelw_test.sh
