#!/bin/sh
# Tests ../bazelw and the air-gap mode: sh airgap/bazelw_test.sh
#
# Works in a cache directory of its own and provisions Bazel for real, which
# downloads 225 MB through the machine's own apt and Go settings.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bazelw=$here/../bazelw
scratch=$(mktemp -d /var/tmp/bazelw_test.XXXXXX)
GOCACHE=$(go env GOCACHE) # which would follow XDG_CACHE_HOME
XDG_CACHE_HOME=$scratch/cache
export GOCACHE XDG_CACHE_HOME
unset BAZEL RULES_GO3S_AIRGAP RULES_GO3S_DEBIAN_MIRROR
home=$XDG_CACHE_HOME/rules_go3s

mkdir -p "$scratch/bin" "$scratch/workspace/pkg"
cd "$scratch/workspace" || exit 1
cat >MODULE.bazel <<'EOF'
bazel_dep(name = "bazel_skylib", version = "1.9.0")
EOF
cat >pkg/BUILD.bazel <<'EOF'
load("@bazel_skylib//rules:write_file.bzl", "write_file")

write_file(
    name = "hello",
    out = "hello.txt",
    content = ["written by bazel"],
)
EOF

finish() {
    [ ! -d "$home/output" ] || "$bazelw" --airgap shutdown >/dev/null 2>&1
    cd /
    chmod -R u+w "$scratch"
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

. "$here/check.sh"

count_installs() { ls -d "$home"/airgap-* 2>/dev/null | wc -l | tr -d ' '; }
# await TEXT FILE: waits until TEXT is in FILE, two minutes at most.
await() {
    tries=0
    until grep -q -e "$1" "$2"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || return 1
        sleep 0.2
    done
}

cd "$here" && run env GOFLAGS= go test ./...
check "the unit tests of airgap/ pass" [ $status -eq 0 ]
cd "$scratch/workspace" || exit 1

# --- Which Bazel is started -----------------------------------------------------------

cat >"$scratch/bin/mybazel" <<'EOF'
#!/bin/sh
echo "mybazel:$*"
EOF
chmod +x "$scratch/bin/mybazel"

run env BAZEL="$scratch/bin/mybazel" "$bazelw" build "//a b"
check "BAZEL is started with the arguments" says '^mybazel:build //a b$'
run env BAZEL=/nonexistent/bazel "$bazelw" build
check "a missing BAZEL is an error" [ $status -ne 0 ]
check "... that names it" says 'BAZEL=/nonexistent/bazel'

cp "$scratch/bin/mybazel" "$scratch/bin/bazel"
run env PATH="$scratch/bin:$PATH" RULES_GO3S_AIRGAP=0 "$bazelw" version
check "RULES_GO3S_AIRGAP=0 takes the bazel on PATH as it is" says '^mybazel:version$'
run env PATH="$scratch/bin:$PATH" "$bazelw" version
check "a bazel that resolves from the registry is taken" says '^mybazel:version$'
check "... after one check" says 'checking, once'
run env PATH="$scratch/bin:$PATH" "$bazelw" version
check "... whose result is remembered" [ "$(cat "$scratch/output")" = mybazel:version ]
run env RULES_GO3S_AIRGAP=maybe "$bazelw" version
check "another value of RULES_GO3S_AIRGAP is an error" says 'want 1'

# --- Provisioning that fails ------------------------------------------------------------

run env RULES_GO3S_DEBIAN_MIRROR="file:$scratch/no-mirror" "$bazelw" --airgap version
check "an unreadable mirror is an error" [ $status -ne 0 ]
check "... that names it" says "$scratch/no-mirror"
check "... and says what to do" says 'set RULES_GO3S_DEBIAN_MIRROR'
check "... and leaves nothing" [ "$(count_installs)" = 0 ]

"$bazelw" --airgap version >"$scratch/output" 2>&1 &
pid=$!
await '2/4' "$scratch/output"
kill -INT $pid
wait $pid
status=$?
check "an interrupt ends the provisioning" [ $status -ne 0 ]
check "... with a message" says 'interrupted'
check "... and leaves nothing" [ "$(count_installs)" = 0 ]

"$bazelw" --airgap version >"$scratch/output" 2>&1 &
pid=$!
await '2/4' "$scratch/output"
kill -KILL $pid
wait $pid 2>/dev/null
check "a kill leaves the directory under construction" [ "$(ls -d "$home"/airgap-*)" = "$(ls -d "$home"/airgap-*.partial)" ]

# --- Provisioning ----------------------------------------------------------------------

"$bazelw" --airgap query //pkg:all >"$scratch/first" 2>&1 &
pid=$!
await '1/4' "$scratch/first"
run "$bazelw" --airgap query //pkg:all
second=$status
wait $pid
first=$?
check "a second start waits for the first" says 'waiting for process'
check "... and succeeds" [ $second -eq 0 ]
check "... without provisioning" [ "$(grep -c '1/4' "$scratch/output")" = 0 ]
check "... and runs Bazel" says '^//pkg:hello$'
mv "$scratch/first" "$scratch/output"
check "the first, after a killed one, succeeds" [ $first -eq 0 ]
check "... without waiting for the dead" [ "$(grep -c 'waiting' "$scratch/output")" = 0 ]
check "one complete directory is left" [ "$(count_installs)" = 1 ]

run "$bazelw" --airgap build //pkg:hello
check "a build succeeds" [ $status -eq 0 ]
check "... without provisioning again" [ "$(grep -c '/4\]' "$scratch/output")" = 0 ]
run cat bazel-bin/pkg/hello.txt
check "... and writes its output" says 'written by bazel'
check "no lock file appears in the workspace" [ ! -e MODULE.bazel.lock ]
run "$bazelw" --airgap build --execution_log_compact_file="$scratch/log.zst" //pkg:hello
check "Bazel writes a compact execution log, which needs the native zstd" [ -s "$scratch/log.zst" ]

run "$bazelw" --airgap version
check "Bazel knows its version" says "^Build label: $(cat "$here/../.bazelversion")\$"

(cd pkg && run "$bazelw" --airgap query :all && says '^//pkg:hello$')
check "it works in a subdirectory" [ $? -eq 0 ]

printf '#!/bin/sh\necho "registry out of reach" >&2\nexit 1\n' >"$scratch/bin/bazelisk"
chmod +x "$scratch/bin/bazelisk"
rm "$scratch/bin/bazel"
run env PATH="$scratch/bin:$PATH" "$bazelw" query //pkg:all
check "a bazelisk that cannot resolve is passed over" says '^//pkg:hello$'
check "... with its own words" says 'registry out of reach'
run env PATH="$scratch/bin:$PATH" "$bazelw" query //pkg:all
check "... and remembered" [ "$(grep -c 'checking' "$scratch/output")" = 0 ]

for emulator in aarch64 riscv64 x86_64; do
    run "$home"/airgap-*/qemu/qemu-$emulator-static --version
    check "qemu-$emulator-static starts" says "^qemu-$emulator version"
done

echo 'bazel_dep(name = "rules_go", version = "0.64.0")' >>MODULE.bazel
run "$bazelw" --airgap query //pkg:all
check "the release that MODULE.bazel asks for is fetched" says 'fetching rules_go 0.64.0'
check "... and one that it asks for itself" says 'fetching gazelle 0.51.3'
check "... and Bazel takes it" [ $status -eq 0 ]
run "$bazelw" --airgap query //pkg:all
check "... once" [ "$(grep -c 'fetching' "$scratch/output")" = 0 ]
echo 'bazel_dep(name = "gazelle", version = "100.0")' >>MODULE.bazel
run "$bazelw" --airgap query //pkg:all
check "a release that is too new is an error" says 'gazelle 100.0 is wanted, and the newest'
sed -i '/gazelle/d' MODULE.bazel

# --- Protocol buffers --------------------------------------------------------------------

mkdir "$scratch/protos"
cd "$scratch/protos" || exit 1
cat >MODULE.bazel <<'EOF'
bazel_dep(name = "gazelle", version = "0.54.0")
bazel_dep(name = "protobuf", version = "29.0")
bazel_dep(name = "rules_go", version = "0.65.0")

go_deps = use_extension("@gazelle//:extensions.bzl", "go_deps")
go_deps.module(
    path = "github.com/bazelbuild/buildtools",
    sum = "h1:scNMqf+FgmWYYwsX4TNjQcDLZu5kbWSwNsbrGkiF23I=",
    version = "v0.0.0-20260904073137-eaa4d125b423",
)
go_deps.module(
    path = "google.golang.org/protobuf",
    sum = "h1:pJOKDDOyeXErUroCihFAd5LQuwXBSpVnKGrj5o/fwxc=",
    version = "v1.36.12",
)
use_repo(go_deps, "com_github_bazelbuild_buildtools")
EOF
# The package has a .proto file, and a BUILD file with a go_proto_library.
cat >main.go <<'EOF'
package main

import "github.com/bazelbuild/buildtools/build_proto"

func main() { println(build_proto.Target_RULE) }
EOF
cat >own.proto <<'EOF'
syntax = "proto3";

option go_package = "example.com/own";
EOF
cat >BUILD.bazel <<'EOF'
load("@protobuf//bazel:proto_library.bzl", "proto_library")
load("@rules_go//go:def.bzl", "go_binary")
load("@rules_go//proto:def.bzl", "go_proto_library")

go_binary(
    name = "program",
    srcs = ["main.go"],
    pure = "on",
    deps = ["@com_github_bazelbuild_buildtools//build_proto"],
)

proto_library(
    name = "own_proto",
    srcs = ["own.proto"],
    deps = ["@protobuf//:timestamp_proto"],
)

go_proto_library(
    name = "own_go_proto",
    importpath = "example.com/own",
    proto = ":own_proto",
)
EOF
run "$bazelw" --airgap query //...
check "BUILD files with rules for protocol buffers load" says '^//:own_go_proto$'
run "$bazelw" --airgap build --nobuild //:program
check "a program of a Go module with .proto files can be built" [ $status -eq 0 ]
for target in own_proto own_go_proto; do
    run "$bazelw" --airgap build --nobuild //:$target
    check "$target cannot" [ $status -ne 0 ]
    check "... which says why" says 'the air-gap mode has no protocol buffer compiler'
done
"$bazelw" --airgap shutdown >/dev/null 2>&1
cd "$scratch/workspace" || exit 1

echo 'bazel_dep(name = "no_such_module", version = "1.0")' >>MODULE.bazel
run "$bazelw" --airgap query //pkg:all
check "a module that is not carried is an error" says '"no_such_module", which the air-gap mode does not carry'

result
