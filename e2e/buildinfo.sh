#!/bin/sh
# Compares the build information of programs with that of what the go command builds of the same tree, the current directory.
#
#   e2e/buildinfo.sh [-go GO] [-tags TAGS] [-no-sums] [-stamped] {PROGRAM PACKAGE GOARCH BUILDMODE}...
#
# GO is the version of Go to build with; without it, that of the go command. The differences that are admitted are those of
# the function admitted below, each with its reason. Prints what else differs, and exits 1 then.
set -eu

go='' tags='' sums=yes vcs=false
while :; do
  case ${1:-} in
  -go) go=go$2 && shift 2 ;;
  -tags) tags=$2 && shift 2 ;;
  -no-sums) sums=no && shift ;;
  -stamped) vcs=true && shift ;;
  *) break ;;
  esac
done
[ $# -gt 0 ] && [ $(($# % 4)) = 0 ] || { sed -n 's/^#   /usage: /p' "$0" >&2; exit 2; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# admitted FILE: its build information, without what may differ.
admitted() {
  go version -m "$1" | sed "1s|^.*: ||" |
    # Gazelle tells the path of a replaced module with version and sum of what replaces it.
    awk -F '\t' '
      $0 == "\t" { next } # after each replacement
      $2 == "=>" { print "\tdep\t" module "\t" $4 "\t" $5; module = ""; next }
      module != "" { print held; module = "" }
      $2 == "dep" { module = $3; held = $0; next }
      { print }
      END { if (module != "") print held }' |
    # Gazelle before 0.54 does not tell the sums of modules.
    if [ $sums = no ]; then sed 's/h1:.*$//'; else cat; fi |
    # cmd/go derives a version of the main module from git.
    if [ $vcs = true ]; then sed '/^\tmod\t/s/\t[^\t]*\t[^\t]*$//'; else cat; fi
}

status=0
while [ $# -gt 0 ]; do
  CGO_ENABLED=0 GOFLAGS='' GOTOOLCHAIN=${go:-local} GOOS=linux GOARCH=$3 \
    go build -trimpath -tags="$tags" -buildvcs=$vcs -buildmode="$4" -o "$scratch/program" "$2"
  admitted "$scratch/program" >"$scratch/want"
  admitted "$1" >"$scratch/got"
  diff -u --label "go build $2" --label "$1" "$scratch/want" "$scratch/got" || status=1
  shift 4
done
exit $status
