#!/bin/sh
# Asks Bazel about the actions of //examples/... and fails when one uses what it must not:
# an absolute path, the host's environment, a C compiler, or a standard library too many.
# Run from the root of the repository; arguments go to bazel aquery.
set -eu

failed=0
fail() {
  echo "hermeticity: $*" >&2
  failed=1
}

actions=$(./bazelw aquery "$@" --output=textproto --include_commandline 'mnemonic("Go3s.*", //examples/...)' 2>/dev/null)
count=$(printf '%s\n' "$actions" | grep -c '^actions {' || true)
[ "$count" -ge 40 ] || fail "found $count Go3s actions in //examples/..., want at least 40: is the query right?"

# Flags that are in parameter files must be in what is searched.
printf '%s\n' "$actions" | grep -q 'arguments: "--stdlib"' || fail "no --stdlib in any command line: are parameter files expanded?"

absolute=$(printf '%s\n' "$actions" | grep -E '^  arguments: "(-[^"]*=)?/' | sort -u || true)
[ -z "$absolute" ] || fail "absolute paths in command lines:
$absolute"

host=$(printf '%s\n' "$actions" | grep -A2 'environment_variables {' | grep 'key:' | grep -vE '"(GOOS|GOARCH|GOROOT)"' | sort -u || true)
[ -z "$host" ] || fail "environment variables other than GOOS, GOARCH, GOROOT:
$host"

compiler=$(printf '%s\n' "$actions" | grep -E 'label: "(gcc|clang|cc|cc_wrapper.sh|ld|ld.lld)"' | sort -u || true)
[ -z "$compiler" ] || fail "C tools among the inputs:
$compiler"

# One standard library for each of the three platforms, and one for the tools.
for mnemonic in GoStdlib CppCompile CppLink; do
  case $mnemonic in
  GoStdlib) want=4 ;;
  *) want=0 ;;
  esac
  found=$(./bazelw aquery "$@" "mnemonic(\"$mnemonic\", deps(//examples/hello:hello_static) + deps(//examples/hello:hello_pie) + deps(//examples/https_client:https_client_static))" 2>/dev/null |
    grep -c "^  Mnemonic: $mnemonic\$" || true)
  [ "$found" -eq "$want" ] || fail "$found $mnemonic actions for programs on three platforms, fixed-address and position-independent; want $want"
done

[ "$failed" -eq 0 ] && echo "hermeticity: $count actions are clean"
exit "$failed"
