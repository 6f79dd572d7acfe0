#!/bin/sh
# Analyses a program with a frozen FIPS 140-3 module in workspaces with Go SDKs that lack the module or were changed. Each must be
# refused with words that say what is wrong. Arguments go to bazel build.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
options=$*

scratch=$(mktemp -d /var/tmp/fips_sdk.XXXXXX) # Bazel's sandbox has a /tmp of its own
workspace=$scratch/workspace
finish() {
  if [ -d "$scratch/output" ]; then
    (cd "$workspace" && "$root/bazelw" --output_base="$scratch/output" shutdown) >/dev/null 2>&1 || :
  fi
  chmod -R u+w "$scratch"
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir "$workspace"
cp "$here/.bazelrc" "$workspace/"
cat >"$workspace/MODULE.bazel" <<END
module(name = "fips_sdk")

bazel_dep(name = "rules_go", version = "0.62.0")
bazel_dep(name = "rules_go3s")
local_path_override(module_name = "rules_go3s", path = "$root")

go_sdk = use_extension("@rules_go//go:extensions.bzl", "go_sdk")
go_sdk.host()
END
cat >"$workspace/BUILD.bazel" <<END
load("@rules_go3s//rules:defs.bzl", "go_static_binary")

go_static_binary(
    name = "program",
    srcs = ["main.go"],
    fips = "v1.0.0",
)
END
printf 'package main\n\nfunc main() {}\n' >"$workspace/main.go"

goroot=$(go env GOROOT)
failed=0

# Without its cache of downloads Bazel reads the snapshot itself, and not what it knows by the same checksum.
#
# refused NAME COMMAND WORDS...: with the SDK in which COMMAND changed lib/fips140, its directory, the program must be refused with
# WORDS.
refused() {
  name=$1 command=$2
  shift 2
  sdk=$scratch/$name
  mkdir -p "$sdk/lib"
  ln -s "$goroot"/* "$sdk/" 2>/dev/null || : # lib is there
  ln -s "$goroot"/lib/* "$sdk/lib/"
  rm "$sdk/lib/fips140"
  cp -r "$goroot/lib/fips140" "$sdk/lib/fips140"
  chmod -R u+w "$sdk/lib/fips140"
  (cd "$sdk/lib/fips140" && eval "$command")
  missing=
  # shellcheck disable=SC2086 # options are words
  if (cd "$workspace" && GOROOT=$sdk "$root/bazelw" --output_base="$scratch/output" \
    build --nobuild --repository_cache= $options //:program) >"$scratch/log" 2>&1; then
    missing="a failure; it was analysed"
  fi
  for words; do
    grep -qF -e "$words" "$scratch/log" || missing="${missing:+$missing, }\"$words\""
  done
  if [ -n "$missing" ]; then
    failed=$((failed + 1))
    echo "$name: missing: $missing; printed:"
    cat "$scratch/log"
  fi
}

module=v1.0.0-c2097c7c
refused missing "rm $module.zip" "//:program" "has no $scratch" "$module.zip: its modules are v1" \
  'choose one of them with fips, or an SDK that has this one'
refused series 'rm -rf *' 'its modules are none (Go has them since 1.24)'
refused sum "sed -i 's/daf3614e/daf3614f/' fips140.sum" \
  'gives the SHA-256 of v1.0.0-c2097c7c.zip as daf3614f' 'want daf3614e' 'install it again'
refused damaged "printf x >>$module.zip" "$module.zip cannot be read, or has not the SHA-256 daf3614e" 'install it again'
refused alias 'echo v1.0.1-00000000 >v1.0.0.txt' '//:program: ' 'fips = "v1.0.0": it is v1.0.1-00000000 in the Go SDK' \
  'but v1.0.0-c2097c7c in this rules_go3s: set fips to the version'

echo "5 cases, $failed failed"
[ "$failed" -eq 0 ]
