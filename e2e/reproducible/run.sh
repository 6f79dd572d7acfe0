#!/bin/sh
# Builds example programs under conditions that must not matter, and fails, naming the files, where bytes differ.
#
#   e2e/reproducible/run.sh [-full] [-only CONDITION,...] [-work DIR]
#
# Prints a table with a line for each condition. Without -full, it builds some of the examples and leaves the conditions arm64,
# unsandboxed and cold to -full or -only. Standard libraries come from the shared disk cache, except in cold; every other action runs again.
# Where files differ and diffoscope is on PATH, it makes a page on the first of them. docs/reproducible.md has the table, and what
# is not equal.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
full='' only='' work=''
while [ $# -gt 0 ]; do
  case $1 in
  -full) full=yes && shift ;;
  -only) only=$2 && shift 2 ;;
  -work) work=$2 && shift 2 ;;
  *) sed -n 's/^#   /usage: /p' "$0" >&2 && exit 2 ;;
  esac
done
[ -n "$work" ] || work=$(mktemp -d /var/tmp/rules_go3s_reproducible.XXXXXX)
mkdir -p "$work"

# Plain; with generated sources (root certificates, time zones); with assembly and a list of system calls.
programs="//examples/hello:hello_static //examples/https_client:https_client_static //examples/rawsys:rawsys"
[ -z "$full" ] || programs='//examples/...'
other_go=1.27.4

# The caches of this machine, also for conditions with another HOME.
XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache}
GOPATH=$(go env GOPATH) GOCACHE=$(go env GOCACHE) GOMODCACHE=$(go env GOMODCACHE)
export XDG_CACHE_HOME GOPATH GOCACHE GOMODCACHE
cached="--disk_cache=$XDG_CACHE_HOME/rules_go3s/disk_cache"
# What is reproduced must run: only actions that take minutes come from a cache.
again='--modify_execution_info=^(?!GoStdlib$|GoToolchainBinaryBuild$).*=+no-cache'

short=$work/s
long=$work/a-checkout-whose-path-is-much-longer-than-that-of-the-other/and-has-several/directories/in/it
base=$work/first

finish() {
  status=$?
  trap - EXIT
  for pair in "$short:first" "$long:second" "$short:cold"; do
    [ ! -d "$work/${pair#*:}" ] || (cd "${pair%:*}" && ./bazelw --output_base="$work/${pair#*:}" shutdown) >/dev/null 2>&1 || true
  done
  if [ $status = 0 ]; then
    chmod -R u+w "$work" && rm -rf "$work"
  else
    echo "what was built, and logs, are in $work" >&2
  fi
  exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

failed=0
printf '| condition | what was done | files |\n|---|---|---|\n'
row() { printf '| %s | %s | %s |\n' "$1" "$2" "$3"; }

# wanted CONDITION: whether to try it. Some are for -full alone.
wanted() {
  case $1 in
  arm64 | unsandboxed | cold) default=${full:+$1} ;;
  *) default=$1 ;;
  esac
  case ",${only:-$default}," in *,"$1",*) ;; *) return 1 ;; esac
}

# broken CONDITION WHAT REASON LOG: says that a condition could not be tried, which is a failure.
broken() {
  row "$1" "$2" "FAILED"
  echo "$1: $3: $(tail -n 20 "$4")" >&2
  failed=1
}

# build CONDITION CHECKOUT OPTIONS...: builds the programs, in the environment that $settings names.
settings='' mask=022
build() {
  name=$1 checkout=$2
  shift 2
  # shellcheck disable=SC2086 # settings and targets are words
  (
    umask $mask && cd "$checkout" &&
      env $settings nice -n 10 ./bazelw --output_base="$base" build --color=no --curses=no --show_result=0 "$@" $programs
  ) >"$work/$name.log" 2>&1
}

# outputs CHECKOUT OPTIONS...: the directory of the outputs.
outputs() {
  checkout=$1
  shift
  # shellcheck disable=SC2086 # settings are words
  (cd "$checkout" && env $settings ./bazelw --output_base="$base" info "$@" bazel-bin 2>/dev/null)
}

# sums DIRECTORY: the files of programs and releases in it with SHA-256, but for what $work/not_ours lists. Parameter files and scripts name
# configurations, and nobody ships them.
sums() {
  (
    cd "$1" && find examples \( -path 'examples/*_/*' -o -path 'examples/release/release/*' \) -type f ! -name '*.params' \
      ! -name '*.run' ! -name '*.repo_mapping' ! -name '*_manifest' ! -path '*.runfiles/*' | grep -vxF -f "$work/not_ours" |
      LC_ALL=C sort | xargs sha256sum
  )
}

# same CONDITION WHAT DIRECTORY: compares the files in DIRECTORY with those of the baseline.
same() {
  sums "$3" >"$work/$1.sums"
  if diff "$work/baseline.sums" "$work/$1.sums" >"$work/$1.diff"; then
    row "$1" "$2" "$(wc -l <"$work/$1.sums") equal"
    return
  fi
  failed=1
  sed -n 's/^[<>] [0-9a-f]*  //p' "$work/$1.diff" | sort -u >"$work/$1.differ"
  row "$1" "$2" "$(wc -l <"$work/$1.differ") of $(wc -l <"$work/baseline.sums") DIFFER"
  sed "s/^/$1: differs: /" "$work/$1.differ" >&2
  if command -v diffoscope >/dev/null; then
    first=$(head -n 1 "$work/$1.differ")
    diffoscope --html "$work/$1.html" "$work/baseline/$first" "$3/$first" || true
    echo "$1: diffoscope's page on $first: $work/$1.html" >&2
  fi
}

# condition NAME WHAT CHECKOUT OPTIONS...: builds again, and compares.
condition() {
  name=$1 what=$2 checkout=$3
  wanted "$name" || return 0
  shift 3
  [ ! -d "$base" ] || (cd "$checkout" && ./bazelw --output_base="$base" clean) >"$work/$name.log" 2>&1
  if ! build "$name" "$checkout" "$@"; then
    broken "$name" "$what" "the build failed" "$work/$name.log"
    return
  fi
  ran=$(sed -n 's/^INFO: [0-9]* processes: .*[ ,]\([0-9]*\) \(linux-sandbox\|processwrapper-sandbox\|local\)\..*/\1/p' \
    "$work/$name.log")
  same "$name" "$what; ${ran:-0} actions ran" "$(outputs "$checkout" "$@")"
}

for checkout in "$short" "$long"; do
  mkdir -p "$checkout"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create) |
    tar --extract --directory="$checkout"
done
build baseline "$short" "$cached" "$again" || {
  broken baseline "the first build" "the build failed" "$work/baseline.log"
  exit 1
}
# rules_go links its tests, which run here and are not shipped, with other flags for -c opt.
: >"$work/not_ours"
[ -z "$full" ] || (cd "$short" && ./bazelw --output_base="$base" query 'kind("^go_test rule$", //examples/...)' 2>"$work/query.log") |
  sed 's|^//\(.*\):\(.*\)$|\1/\2_/\2|' >"$work/not_ours"
binaries=$(outputs "$short")
sums "$binaries" >"$work/baseline.sums"
[ -s "$work/baseline.sums" ] || {
  broken baseline "the first build" "no files of programs are in $binaries" "$work/baseline.log"
  exit 1
}
mkdir "$work/baseline"
(cd "$binaries" && cut -c67- "$work/baseline.sums" | tar --create --files-from=-) | tar --extract --directory="$work/baseline"
row baseline "$programs" "$(wc -l <"$work/baseline.sums")"

execroot=$work/first/execroot/_main
# Tools that were built otherwise, on what the linker and elfstrip read in the baseline. Before other conditions clean it away.

# tools DIRECTORY SETTING...: builds golink and elfstrip.
tools() {
  directory=$work/$1
  shift
  (cd "$root" && env CGO_ENABLED=0 "$@" go build -trimpath -o "$directory/" ./tools/golink ./tools/elfstrip)
}

# tool_condition NAME WHAT LINKER COMMAND...: compares the tools in $work/NAME with those in $work/own (relink.sh), by COMMAND.
tool_condition() {
  name=$1 what=$2 linker=$3
  shift 3
  if ! "$@" "$here/relink.sh" "$work" "$name" "$linker" >"$work/$name.differ" 2>"$work/$name.log"; then
    broken "$name" "$what" "a tool failed" "$work/$name.log"
    return
  fi
  said=''
  [ ! -e "$work/$name.said" ] || said="; different, as documented: $(paste -s -d , "$work/$name.said")"
  if [ -s "$work/$name.differ" ]; then
    failed=1
    row "$name" "$what" "$(wc -l <"$work/$name.differ") of $(wc -l <"$work/$name.count") DIFFER$said"
    sed "s/^/$name: differs: /" "$work/$name.differ" >&2
  else
    row "$name" "$what" "$(wc -l <"$work/$name.count") equal$said"
  fi
}

tools own
if wanted go; then
  tools go GOTOOLCHAIN=go$other_go
  linker=$(go env GOROOT)/pkg/tool/$(go env GOOS)_$(go env GOARCH)/link
  tool_condition go "tools built by Go $other_go instead of $(go env GOVERSION)" "$linker"
fi
if wanted arm64; then
  # The kernel starts arm64 programs by qemu, in a user namespace of its own.
  emulators=$(cd "$short" && ./bazelw --output_base="$base" cquery --output=files @rules_go3s_emulators//:emulators 2>/dev/null)
  qemu=$(readlink -f "$base/$(echo "$emulators" | grep aarch64)")
  tools arm64 GOOS=linux GOARCH=arm64
  (cd "$root" && env CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -o "$work/arm64/link" cmd/link)
  on_arm64="unshare --user --map-root-user --mount $here/with_arm64.sh $qemu"
  # shellcheck disable=SC2086 # a command and its arguments
  tool_condition arm64 "golink, elfstrip and cmd/link for arm64, started by qemu" "$work/arm64/link" $on_arm64

  # All of a build: the SDK for arm64 compiles, and golink links. The golinks here are of sources that may have no version, so they are told
  # the build ID, which names golink otherwise.
  sdk=$work/arm64/sdk what="golink build of hello by golink and the Go SDK for arm64, started by qemu"
  get_sdk() {
    module=$(env GOMODCACHE="$work/modules" go mod download -json "golang.org/toolchain@v0.0.1-$(go env GOVERSION).linux-arm64") &&
      cp -r "$(echo "$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')" "$sdk" && chmod -R u+w "$sdk" &&
      chmod +x "$sdk"/bin/* "$sdk"/pkg/tool/*/*
  }
  # golink_build NAME DIRECTORY STARTER: builds hello by the golink of that name and the go command in a directory.
  golink_build() {
    # shellcheck disable=SC2086 # a command and its arguments
    (cd "$root" && env -u GOROOT PATH="$2:$PATH" GOTOOLCHAIN=local GOCACHE="$work/cache_$1" CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $3 \
      "$work/$1/golink" build -trimpath -buildvcs=false -ldflags=-buildid= -o "$work/$1.hello" ./examples/hello)
  }
  if ! { get_sdk && golink_build own "$(go env GOROOT)/bin" '' && golink_build arm64 "$sdk/bin" "$on_arm64"; } \
    >"$work/arm64.build" 2>&1; then
    broken arm64 "$what" "a build failed" "$work/arm64.build"
  elif cmp -s "$work/own.hello" "$work/arm64.hello"; then
    row arm64 "$what" "1 equal"
  else
    failed=1
    row arm64 "$what" "1 of 1 DIFFER"
  fi
fi

# functions FILE: names of the functions in a program with symbols, but for those at which the kernel and C start one.
functions() {
  go tool nm "$1" | awk '($2 == "T" || $2 == "t") && $3 !~ /^(_start|main|_rt0_.*)$/ { print $3 }' | LC_ALL=C sort -u
}

if wanted gobuild; then
  programs_compared=0 functions_compared=0 differing=''
  # What golink links in two programs, each for three platforms, before it is stripped. Only actions that run leave their parameters.
  (cd "$short" && ./bazelw --output_base="$base" build "$cached" "$again" --output_groups=linked //examples/hello:hello_static \
    //examples/rawsys:rawsys) >"$work/gobuild.log" 2>&1 || cat "$work/gobuild.log" >&2
  for params in "$execroot"/bazel-out/*/bin/examples/*/*.link_/*-0.params; do
    case $params in
    */examples/hello/hello_static.link_/hello_static-0.params | */examples/rawsys/rawsys.link_/rawsys-0.params) ;;
    *) continue ;;
    esac
    arch=$(sed -n '/^--goarch$/{n;p;}' "$params")
    package=./examples/$(basename "$(dirname "$(dirname "$params")")")
    (cd "$root" && CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath -o "$work/gobuild" "$package")
    functions "$work/gobuild" >"$work/gobuild.want"
    functions "${params%-0.params}" >"$work/gobuild.got"
    programs_compared=$((programs_compared + 1)) functions_compared=$((functions_compared + $(wc -l <"$work/gobuild.want")))
    diff "$work/gobuild.want" "$work/gobuild.got" >"$work/gobuild.diff" || {
      differing="$differing $package ($arch)"
      sed -n "s|^[<>]|gobuild: $package ($arch): &|p" "$work/gobuild.diff" >&2
    }
  done
  if [ -n "$differing" ]; then
    failed=1
    row gobuild "packages and functions of go build -trimpath" "DIFFER:$differing"
  elif [ $programs_compared != 6 ]; then
    broken gobuild "packages and functions of go build -trimpath" "$programs_compared programs, want 6" "$work/gobuild.log"
  else
    row gobuild "packages and functions of go build -trimpath, in $programs_compared programs" "$functions_compared functions equal"
  fi
fi

base=$work/second mask=077
settings="HOME=$work/home USER=somebody LOGNAME=somebody TZ=Asia/Kathmandu LC_ALL=C.UTF-8 LANG=tr_TR.UTF-8"
mkdir -p "$work/home"
condition elsewhere "a longer path, another output base, user, home, time zone, locale, umask 077, one job" \
  "$long" "$cached" "$again" --jobs=1
base=$work/first settings='' mask=022
condition opt "-c opt, path mapping" "$short" "$cached" "$again" -c opt --experimental_output_paths=strip
condition strategy "processwrapper-sandbox instead of linux-sandbox" "$short" "$cached" "$again" --spawn_strategy=processwrapper-sandbox
condition unsandboxed "no sandbox" "$short" "$cached" "$again" --spawn_strategy=local
base=$work/cold
condition cold "no cache at all: standard libraries, too" "$short" --disk_cache=

[ $failed = 0 ] && echo "reproducible: passed"
exit $failed
