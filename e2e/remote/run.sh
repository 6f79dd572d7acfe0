#!/bin/sh
# Builds and tests on a real remote-execution cluster, and fails unless it works as docs/remote-execution.md says.
#
#   e2e/remote/run.sh [-cluster DIR] [-work DIR] [-only STEP,...]
#
# Starts a cluster with two workers (cluster.sh) in a directory of its own and ends it. With -cluster, takes the one that
# "cluster.sh start DIR 2" started, with what is in its caches. Clients are output bases in the work directory: neither has
# anything on disk before. Steps, all by default and in this order: build, minimal, hits, rules, tests, properties, dynamic, worker,
# server.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
cluster='' work='' steps=build,minimal,hits,rules,tests,properties,dynamic,worker,server
while [ $# -gt 0 ]; do
  case $1 in
  -cluster) cluster=$2 && shift 2 ;;
  -work) work=$2 && shift 2 ;;
  -only) steps=$2 && shift 2 ;;
  *) sed -n 's/^#   /usage: /p' "$0" >&2 && exit 2 ;;
  esac
done
own=''
[ -n "$work" ] || work=$(mktemp -d /var/tmp/rules_go3s_remote.XXXXXX)
mkdir -p "$work"
if [ -z "$cluster" ]; then
  cluster=$work/cluster
  own=yes
fi

finish() {
  status=$?
  trap - EXIT
  for client in first second; do
    [ ! -d "$work/$client" ] || (cd "$root" && ./bazelw --output_base="$work/$client" shutdown) >/dev/null 2>&1 || true
  done
  [ -z "$own" ] || "$here/cluster.sh" stop "$cluster" || true
  rm -rf "$scratch"
  if [ $status = 0 ] && [ -n "$own" ]; then
    chmod -R u+w "$work" && rm -rf "$work"
  else
    echo "logs are in $work and $cluster" >&2
  fi
  exit $status
}
# A package of this workspace, so that what changes is not in the checkout.
scratch=$root/remote_scratch
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

[ -z "$own" ] || "$here/cluster.sh" start "$cluster" 2
address=$("$here/cluster.sh" address "$cluster")
(cd "$root" && go build -o "$work/spawns" ./e2e/remote/spawns)

failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}
step() { printf '\n== %s\n' "$*"; }
wanted() { case ,$steps, in *,"$1",*) ;; *) return 1 ;; esac }

# bazel NAME COMMAND ARGUMENTS...: Bazel on the cluster, with the output base NAME. The same options always keep what was analysed.
bazel() {
  name=$1 command=$2
  shift 2
  (
    cd "$root"
    nice -n 10 ./bazelw --output_base="$work/$name" --bazelrc="$here/remote.bazelrc" "$command" --config=remote \
      --remote_executor="grpc://$address" --remote_default_exec_properties=OSFamily=linux --remote_max_connections=1 --jobs=8 \
      --remote_retries=60 --disk_cache= --color=no --curses=no --show_progress_rate_limit=60 "$@"
  )
}

# client NAME COMMAND ARGUMENTS...: the same, with a log of its spawns, $work/NAME.json.
client() {
  bazel "$@" --execution_log_json_file="$work/$1.json" >"$work/$1.log" 2>&1
}

# built NAME COMMAND ARGUMENTS...: as client, and it must succeed.
built() {
  client "$@" || {
    fail "bazel $*"
    tail -n 30 "$work/$1.log"
    return 1
  }
}

# sums DIR: the SHA-256 of the files that standard input names from DIR, those in folders included.
sums() { (cd "$1" && sort -u | xargs -I{} find -L {} -type f | sort | xargs -r sha256sum); }

# outputs NAME TARGETS [OPTION...]: the output files of targets, as the client has them, with their SHA-256.
outputs() {
  name=$1 targets=$2
  shift 2
  bazel "$name" cquery --output=files "$@" "set($targets)" 2>/dev/null | sums "$work/$name/execroot/_main"
}

# here_too TARGETS [OPTION...]: as outputs, of a build on this machine.
here_too() {
  (
    cd "$root"
    targets=$1
    shift
    # shellcheck disable=SC2086 # targets are words
    nice -n 10 ./bazelw build --config=cache "$@" $targets >"$work/local.log" 2>&1 || {
      echo "bazel build $* $targets on this machine: $(tail -n 20 "$work/local.log")"
      return
    }
    ./bazelw cquery --config=cache --output=files "$@" "set($targets)" 2>/dev/null | sums "$(./bazelw info execution_root 2>/dev/null)"
  )
}

# same_elsewhere TARGETS [OPTION...]: what the first client has built by the cluster has the same bytes when built here, and the second
# client gets it from the cluster's cache.
same_elsewhere() {
  outputs first "$@" >"$work/elsewhere.sums"
  [ -s "$work/elsewhere.sums" ] || fail "$1: no files"
  here_too "$@" | diff - "$work/elsewhere.sums" || fail "$1: files differ between this machine and the cluster"
  targets=$1
  shift
  # shellcheck disable=SC2086 # targets are words
  if built second build "$@" $targets; then
    "$work/spawns" -cached "$work/second.json" >/dev/null || fail "$targets: not all of it is in the cluster's cache"
    outputs second "$targets" "$@" | diff "$work/elsewhere.sums" - || fail "$targets: the cache has other files"
  fi
  echo "$(wc -l <"$work/elsewhere.sums") files"
}

programs="//examples/hello:hello_static //examples/hello:hello_pie //examples/rawsys:rawsys"

if wanted build; then
  step "All actions on the cluster, none here: $programs"
  # shellcheck disable=SC2086 # targets are words
  if built first build $programs; then
    "$work/spawns" -remote "$work/first.json" || fail "a spawn ran here"
    outputs first "$programs" >"$work/remote.sums"
    step "The same bytes as a build on this machine"
    here_too "$programs" | diff - "$work/remote.sums" || fail "files differ between this machine and the cluster"
    echo "$(wc -l <"$work/remote.sums") files"
  fi
fi

if wanted minimal; then
  step "A second client without anything on disk, --remote_download_minimal: everything from the cluster's cache"
  # shellcheck disable=SC2086
  if built second build --remote_download_minimal $programs; then
    "$work/spawns" -cached "$work/second.json" || fail "a spawn was no hit"
    on_disk=$(find "$work/second/execroot/_main/bazel-out/" -path '*/examples/*' -type f -size +100k | wc -l)
    echo "$on_disk programs on disk"
    [ "$on_disk" = 0 ] || fail "--remote_download_minimal fetched programs"
  fi
fi

if wanted hits; then
  step "The second client fetches the programs"
  bazel second clean >/dev/null 2>&1
  # shellcheck disable=SC2086
  if built second build $programs; then
    "$work/spawns" -cached "$work/second.json" || fail "a spawn was no hit"
    outputs second "$programs" | diff "$work/remote.sums" - || fail "the second client has other files"
  fi
fi

if wanted rules; then
  others="//examples/release //examples/signed //examples/boot:image_amd64"
  step "A release, signed programs, and a signed boot image with its bills of materials: $others"
  boot=$("$root/e2e/boot/provision.sh")
  set -- --repo_env=RULES_GO3S_BOOT_DIR="$boot" --output_groups=+sbom
  # shellcheck disable=SC2086
  if built first build "$@" $others; then
    "$work/spawns" -remote "$work/first.json" || fail "a spawn ran here"
    same_elsewhere "$others" "$@"
  fi
fi

if wanted tests; then
  step "Tests of three platforms on the cluster; the emulators are inputs"
  if built first test //examples/platform:platforms_test; then
    "$work/spawns" -remote "$work/first.json" || fail "a spawn ran here"
    if "$work/spawns" -emulator "$work/first.json" >"$work/emulators.txt"; then
      fail "the test of this machine's own platform has an emulator, too"
    else
      grep -F 'no file qemu-' "$work/emulators.txt" >"$work/native.txt" || true
      [ "$(wc -l <"$work/native.txt")" = 1 ] || fail "want one test without an emulator: $(cat "$work/native.txt")"
    fi
    grep -E 'PASSED' "$work/first.log" | sed 's/ *PASSED.*/ passed/'
  fi
fi

# program NAME ATTRIBUTES [FUNCTIONS]: makes a package of a program with its own text, so that nothing of it is in any cache, and with
# functions that take the compiler a while.
program() {
  mkdir -p "$scratch/$1"
  {
    printf 'package main\n\nfunc main() { println("%s %s") }\n' "$1" "$$"
    awk -v n="${3:-0}" 'BEGIN { while (n--) printf "\nfunc f%d(x []int) { for i := range x { x[i] *= %d } }\n", n, n }'
  } >"$scratch/$1/main.go"
  {
    echo 'load("//rules:defs.bzl", "go_static_binary")'
    printf 'go_static_binary(name = "%s", srcs = ["main.go"], platforms = ["//platforms:linux_amd64"], %s)\n' "$1" "$2"
  } >"$scratch/$1/BUILD.bazel"
}

# ran_on MNEMONIC: the workers that ran the actions with MNEMONIC of the last build of the first client.
ran_on() {
  "$work/spawns" -find "$1" "$work/first.json" | while read -r hash _; do
    "$here/cluster.sh" sql "$cluster" "select worker_name from jobs where action_digest like '$hash/%'"
  done | sort -u
}

if wanted properties; then
  step "Properties of an exec group choose the worker"
  program chosen 'strip = "debug", exec_properties = {"go3s_link.pool": "w2", "go3s_strip.pool": "w1"},'
  if built first build //remote_scratch/chosen; then
    "$work/spawns" -remote "$work/first.json" >/dev/null || fail "a spawn ran here"
    for pair in Go3sLink:worker2 Go3sStrip:worker1; do
      got=$(ran_on "${pair%:*}")
      echo "${pair%:*}: $got"
      [ "$got" = "${pair#*:}" ] || fail "${pair%:*}: ran on \"$got\", want ${pair#*:} alone"
    done
  fi
fi

if wanted dynamic; then
  step "Dynamic execution: links run here and on the cluster, the first one counts"
  program both ''
  if built first build --config=remote_dynamic //remote_scratch/both; then
    "$work/spawns" "$work/first.json"
    outputs first //remote_scratch/both >"$work/dynamic.sums"
    bazel first clean >/dev/null 2>&1
    if built first build //remote_scratch/both; then
      outputs first //remote_scratch/both | diff "$work/dynamic.sums" - || fail "dynamic execution gives other bytes"
    fi
  fi
fi

# busy: a worker that executes an action, as the scheduler's database has it; empty if none does.
busy() { "$here/cluster.sh" sql "$cluster" "select min(worker_name) from jobs where stage = 3"; }

# begun: waits until a worker executes an action, two minutes at most, and sets victim to it.
begun() {
  tries=0 victim=''
  while [ -z "$victim" ]; do
    tries=$((tries + 1))
    [ $tries -lt 240 ] || return 1
    sleep 0.5
    victim=$(busy)
  done
}

# interrupted TARGET COMMAND: builds TARGET, and runs COMMAND, which kills something, when a worker executes an action of it. Then builds it
# here, and by the second client from what is cached.
interrupted() {
  client first build "$1" &
  build=$!
  if begun; then $2; else fail "no worker got an action"; fi
  if wait $build; then
    "$work/spawns" -remote "$work/first.json" | tail -n 1
    "$work/spawns" -remote "$work/first.json" >/dev/null || fail "a spawn ran here"
    same_elsewhere "$1"
  else
    fail "bazel build $1"
    tail -n 30 "$work/first.log"
  fi
}

# in_action: fails unless the worker had something to do; the scheduler does not know yet that something is gone.
in_action() { [ "$(busy)" = "$victim" ] || fail "$victim had nothing to do any more"; }

kill_worker() {
  "$here/cluster.sh" worker kill "$cluster" "${victim#worker}"
  in_action
  echo "$victim is killed in an action"
}
restart_server() {
  "$here/cluster.sh" server kill "$cluster"
  in_action
  echo "the server is killed when $victim is in an action"
  sleep 5
  "$here/cluster.sh" server start "$cluster"
  echo "the server is back"
}

if wanted worker; then
  step "A worker is killed in a build"
  program orphan '' 10000
  interrupted //remote_scratch/orphan kill_worker
  [ -z "$victim" ] || "$here/cluster.sh" worker start "$cluster" "${victim#worker}"
fi

if wanted server; then
  step "The server is killed in a build, and comes back"
  program patient '' 10000
  interrupted //remote_scratch/patient restart_server
fi

[ $failed = 0 ] && printf '\nremote: passed\n'
exit $failed
