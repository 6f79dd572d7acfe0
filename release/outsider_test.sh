#!/bin/sh
# Runs the workspace e2e/outsider of a release archive against that archive, unpacked: what is released is what is tested.
#
#   release/outsider_test.sh [BAZEL-OPTIONS...]
#
# Besides all of its tests it runs the targets of .bcr/presubmit.yml as the registry does, without qemu, and compares the Go
# modules that the module brings into a workspace with those that its tools import.
set -eu

repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# Bazel's sandbox has a /tmp of its own, which would hide the module.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rules_go3s
mkdir -p "$cache"
scratch=$(mktemp -d "$cache/release.XXXXXX")
bazel() { "$repository/bazelw" "$@"; }
finish() {
  case $PWD in "$scratch"/*) bazel clean --expunge >/dev/null 2>&1 || : ;; esac
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

(cd "$repository" && go run ./release -o "$scratch")
tar -xzf "$scratch"/rules_go3s-v*.tar.gz -C "$scratch"
cd "$scratch"/rules_go3s-*/e2e/outsider

# The targets of the presubmit, which are the only lines that begin so.
targets=$(sed -n 's|^ *- \(//.*\)$|\1|p' "$repository/.bcr/presubmit.yml")
[ -n "$targets" ] || { echo "release/outsider_test.sh: found no test_targets in .bcr/presubmit.yml" >&2; exit 1; }
mkdir "$scratch/no_emulators"
# shellcheck disable=SC2086 # a word for each target
bazel test "$@" --repo_env=RULES_GO3S_QEMU_DIR="$scratch/no_emulators" -- $targets

bazel test "$@" //...

# What a workspace gets of this module are the Go modules that deps/go.mod names as direct: those of tests would raise its versions.
usage=$(bazel mod show_extension @gazelle//:extensions.bzl%go_deps 2>/dev/null | sed -n '/^## Usage in rules_go3s@/,/^)/p')
found=$(printf '%s\n' "$usage" | sed -n 's/^  "\(.*\)",$/\1/p' | LC_ALL=C sort)
# The names of repositories: golang.org/x/sys is org_golang_x_sys.
want=$(awk '/^\t/ && !/ indirect$/ {
  n = split($1, part, "/"); m = split(part[1], host, "."); name = host[m]
  for (i = m - 1; i > 0; i--) name = name "_" host[i]
  for (i = 2; i <= n; i++) name = name "_" part[i]
  gsub(/[.-]/, "_", name); print tolower(name)
}' ../../deps/go.mod | LC_ALL=C sort)
calls=$(printf '%s\n' "$usage" | grep '^go_deps\.' || :)
if [ -z "$want" ] || [ "$found" != "$want" ] || [ "$calls" != 'go_deps.from_file(go_mod="//deps:go.mod")' ]; then
  echo "release/outsider_test.sh: a workspace sees this use of Go modules:" >&2
  printf '%s\n' "$usage" >&2
  echo "want deps/go.mod and the modules that it requires: $want" >&2
  exit 1
fi
echo "outsider: the release works, and asks for $(printf '%s\n' "$want" | wc -l) Go modules"
