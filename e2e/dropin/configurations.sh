#!/bin/sh
# Builds the programs of //matrix in configurations other than the default one, and starts them. Where flags do not change what
# a program does, it must have the same bytes.
# Arguments go to bazel.
set -eu
cd "$(dirname "$0")"
options=$*

log=$(mktemp)
kept=$(mktemp -d)
trap 'rm -rf "$log" "$kept"' EXIT
passed=0
failed=0

# configuration WANT SAME OPTIONS...: with OPTIONS each program must be built and print WANT first. SAME is "same" where the programs must be,
# byte by byte, those of the first such configuration, which SAME "first" is; else "other".
configuration() {
  want=$1
  same=$2
  shift 2
  missing=
  # shellcheck disable=SC2086 # options are words
  if ! ../../bazelw build $options "$@" //matrix:static //matrix:pie //matrix:packed //matrix:here_static >"$log" 2>&1; then
    missing="a build: $(cat "$log")"
  else
    for program in static_/static_linux_amd64 pie_/pie_linux_amd64 packed_/packed_linux_amd64 here_static_/here_static; do
      got=$("bazel-bin/matrix/$program" 2>&1) || true
      [ "$got" = "$want <nil>" ] || missing="$missing $program printed \"$got\", want \"$want <nil>\";"
      first=$kept/$(basename "$program")
      case $same in
      first) cp "bazel-bin/matrix/$program" "$first" ;;
      same) cmp -s "bazel-bin/matrix/$program" "$first" || missing="$missing $program has other bytes than in the default configuration;" ;;
      esac
    done
  fi
  if [ -z "$missing" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "with $*: $missing"
  fi
}

configuration unstamped first
configuration unstamped other -c dbg # without optimization
configuration unstamped same -c opt --experimental_output_paths=strip
configuration "release 1" other --stamp "--embed_label=release 1"
# What these ask for needs cgo; programs of go_binary with pure = "on" are built without it, too. Together, because each set of
# flags builds the tools once more.
configuration unstamped other --@rules_go//go/config:pure=False --@rules_go//go/config:race --@rules_go//go/config:static \
  --@rules_go//go/config:linkmode=pie
configuration unstamped other --@rules_go//go/config:pure=False --@rules_go//go/config:msan --@rules_go//go/config:tags=some,other
configuration unstamped same --platforms=//platforms:here

# Coverage of tests on a platform, of a test that starts a program, and of the program. The tools that Bazel downloads to merge
# it are not needed for that.
# shellcheck disable=SC2086 # options are words
if ../../bazelw coverage $options --override_repository="$(cat coverage_tools/repository)=$PWD/coverage_tools" //cover/... //matrix:matrix_test >"$log" 2>&1 &&
  grep -q '^SF:cover/lib.go' bazel-testlogs/cover/cover_test/coverage.dat &&
  grep -q '^SF:cover/lib.go' bazel-testlogs/cover/platforms_test_linux_amd64/coverage.dat; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "coverage: $(cat "$log")"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
