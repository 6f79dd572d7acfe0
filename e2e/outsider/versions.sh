#!/bin/sh
# Tests this workspace with other versions of rules_go, Gazelle and Go than MODULE.bazel names.
#
#   e2e/outsider/versions.sh [-go GO] [-config CONFIG] [RULES_GO/GAZELLE...]    for example -go 1.26.8 0.62.0/0.50.0
#
# Without versions: the whole matrix. Each row runs every test in a copy of the workspace, and compares the build information of
# its programs, with and without --stamp, with that of what the go command builds (../buildinfo.sh). GO is the version of the Go
# SDK, by default that of MODULE.bazel; CONFIG is one of .bazelrc, such as next. The rows share one output base, which is removed at the
# end, and the disk cache of --config=cache. Prints a line for each row; exits 1 if one fails.
set -eu

# The newest patch of each rules_go that works, with Gazelles of its time.
matrix="0.62.0/0.50.0 0.62.0/0.51.3 0.63.0/0.53.0 0.64.2/0.53.0 0.65.0/0.54.0"

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)

usage() {
  echo "usage: e2e/outsider/versions.sh [-go GO] [-config CONFIG] [RULES_GO/GAZELLE...]" >&2
  exit 2
}

go=
config=cache
while :; do
  case ${1:-} in
  -go) go=${2:-} ;;
  -config) config=${2:-} ;;
  *) break ;;
  esac
  [ $# -ge 2 ] || usage
  shift 2
done
for row; do
  case $row in
  [0-9]*/[0-9]*) ;;
  *) usage ;;
  esac
done
# shellcheck disable=SC2086 # one argument for each row
[ $# -gt 0 ] || set -- $matrix

scratch=$(mktemp -d /var/tmp/versions.XXXXXX) # Bazel's sandbox has a /tmp of its own
workspace=$scratch/workspace
bazel() {
  command=$1
  shift
  (cd "$workspace" && "$root/bazelw" --output_base="$scratch/output" "$command" --config=cache --config="$config" --noshow_progress "$@")
}
finish() {
  if [ -d "$scratch/output" ]; then
    (cd "$workspace" && "$root/bazelw" --output_base="$scratch/output" shutdown) || :
  fi
  chmod -R u+w "$scratch"
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir "$workspace"
(cd "$here" && tar cf - --exclude='./bazel-*' .) | tar xf - -C "$workspace"

sed "s|%workspace%/../..|$root|" "$here/.bazelrc" >"$workspace/.bazelrc"

# commit makes the workspace a repository of one commit, for what --stamp says.
commit() {
  cd "$workspace"
  rm -rf .git
  git init -q
  git add -A
  git -c user.name=versions -c user.email=versions@example.com commit -qm "The workspace"
}

# compare_build_information PROGRAM...: those of //cmd/greet and //cmd/greet:greet_pie; options of buildinfo.sh are in $options.
compare_build_information() {
  # shellcheck disable=SC2086
  (cd "$workspace" && "$here/../buildinfo.sh" -go "$sdk" $options \
    "$1" ./cmd/greet amd64 exe "$2" ./cmd/greet arm64 exe "$3" ./cmd/greet riscv64 exe "$4" ./cmd/greet amd64 pie)
}

row() {
  bazel test //... || return
  (commit) || return
  case $gazelle in
  0.5[0-3].*) sums=-no-sums ;;
  *) sums= ;;
  esac
  for options in "$sums" "$sums -stamped"; do
    stamp=
    if [ "$options" != "$sums" ]; then
      stamp="--stamp --workspace_status_command=$workspace/workspace_status.sh"
    fi
    # shellcheck disable=SC2086
    bazel build $stamp //cmd/greet //cmd/greet:greet_pie || return
    # shellcheck disable=SC2046
    compare_build_information $(bazel cquery $stamp --output=files "//cmd/greet + //cmd/greet:greet_pie") || return
  done
}

status=0
for row; do
  rules_go=${row%/*} gazelle=${row#*/}
  sed -e "s|path = \"../..\"|path = \"$root\"|" \
    -e "s|\(name = \"rules_go\", version = \)\"[^\"]*\"|\1\"$rules_go\"|" \
    -e "s|\(name = \"gazelle\", version = \)\"[^\"]*\"|\1\"$gazelle\"|" \
    -e "s|\(go_sdk.download(version = \)\"\([^\"]*\)\"|\1\"${go:-\2}\"|" \
    "$here/MODULE.bazel" >"$workspace/MODULE.bazel"
  # The versions themselves, not the highest that some module asks for.
  for pin in "rules_go $rules_go" "gazelle $gazelle"; do
    echo "single_version_override(module_name = \"${pin% *}\", version = \"${pin#* }\")" >>"$workspace/MODULE.bazel"
  done
  sdk=$(sed -n 's/^go_sdk.download(version = "\(.*\)")/\1/p' "$workspace/MODULE.bazel")
  # The go command takes the defaults of GODEBUG from this line, which no rule in Bazel reads.
  sed "s/^go .*/go ${sdk%.*}/" "$here/go.mod" >"$workspace/go.mod"
  result=pass
  if ! row >"$scratch/log" 2>&1; then
    result=FAIL
    status=1
    tail -n 40 "$scratch/log" >&2
  fi
  printf 'rules_go %-7s Gazelle %-7s Go %-7s %s  %s\n' "$rules_go" "$gazelle" "$sdk" "$result" \
    "$(grep -E '^Executed [0-9]+ out of' "$scratch/log" || :)"
done
exit $status
