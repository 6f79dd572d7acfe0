#!/bin/sh
# Says what is wrong with a machine and what to do about it: ./bazelw doctor
#
# Usage: doctor.sh CHECKOUT CACHE. Exits with 1 if Bazel cannot be started or has no room, with 0 if all that is missing is of use for
# some targets only. It changes nothing but files of its own in a temporary directory.
set -u

checkout=$1
home=$2
scratch=$(mktemp -d "${TMPDIR:-/tmp}/doctor.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
wrong=0

ok() { printf 'ok     %s\n' "$1"; }
note() { printf 'note   %s\n       -> %s\n' "$1" "$2"; }
bad() {
    wrong=$((wrong + 1))
    printf 'WRONG  %s\n       -> %s\n' "$1" "$2"
}

# try SECONDS COMMAND...: runs the command, for so long at most; its last words are in $said.
try() {
    seconds=$1
    shift
    if command -v timeout >/dev/null; then set -- timeout "$seconds" "$@"; fi
    "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    said=$(grep . "$scratch/err" | tail -n 1)
    if [ $status -eq 124 ]; then said="no answer in $seconds s"; fi
    return $status
}

# --- Where the cache is ---------------------------------------------------------------

case $home in
*[\ :]*) bad "the cache directory $home has a space or a colon in its name" "set XDG_CACHE_HOME to a directory without" ;;
esac
if mkdir -p "$home" 2>/dev/null && [ -w "$home" ]; then
    # Bazel made of Debian packages takes 1 GiB, the outputs of //examples/... and //tests/... about 8.
    free=$(df -Pk "$home" | awk 'NR == 2 { print $4 }')
    if [ "${free:-0}" -lt 2097152 ]; then
        bad "$home has $((${free:-0} / 1024)) MiB of free space" "make room for 2 GiB at least, or set XDG_CACHE_HOME to a larger disk"
    elif [ "$free" -lt 10485760 ]; then
        note "$home has $((free / 1024)) MiB of free space" "all of this repository's tests take 10 GiB"
    else
        ok "disk: $((free / 1048576)) GiB are free in $home"
    fi
else
    bad "$home cannot be written" "set XDG_CACHE_HOME, or HOME, to a directory that you may write to"
fi

# --- Go ---------------------------------------------------------------------------------

go=0
if ! command -v go >/dev/null; then
    found="Go is not on PATH"
    remedy="install Go 1.26 or newer (https://go.dev/dl)"
else
    version=$(cd "$scratch" && go env GOVERSION 2>/dev/null)
    case $version in
    go1.2[6-9]* | go1.[3-9][0-9]*)
        go=1
        ok "Go: $version"
        ;;
    *)
        found="Go on PATH is ${version:-unusable}"
        remedy="install Go 1.26 or newer (https://go.dev/dl)"
        ;;
    esac
fi
mirror=0
if [ $go -eq 1 ]; then
    proxy=$(cd "$scratch" && go env GOPROXY)
    if (cd "$scratch" && GOFLAGS=-modcacherw GOMODCACHE="$scratch/mod" GOWORK=off GO111MODULE=on try 60 go list -m github.com/bazelbuild/rules_go@v0.65.0
        status=$?
        printf '%s' "$said" >"$scratch/said"
        exit $status); then
        mirror=1
        ok "Go modules: $proxy answers"
    fi
fi

# --- Debian -----------------------------------------------------------------------------

debian=0
if ! command -v apt-get >/dev/null; then
    apt="there is no apt-get: this is no Debian machine"
    apt_remedy="use bazelisk; the air-gap mode is made of Debian packages"
else
    uri=${RULES_GO3S_DEBIAN_MIRROR:-}
    if [ -z "$uri" ]; then
        mkdir -p "$scratch/lists/partial"
        # The first archive root with "debian" among its directories.
        uri=$(apt-get update --print-uris -o Dir::State::lists="$scratch/lists" 2>/dev/null |
            sed -n "s#^'\([^']*/debian\(/[^']*\)\{0,1\}\)/dists/.*#\1#p" | head -n 1)
    fi
    uri=${uri%/}
    suite=$(sed -n 's/^const suite = "\(.*\)"$/\1/p' "$checkout/airgap/apt.go")
    if [ -z "$uri" ]; then
        apt="apt has no source of Debian packages"
        apt_remedy="add one to /etc/apt/sources.list.d, or set RULES_GO3S_DEBIAN_MIRROR to the URI of a mirror"
    elif try 60 /usr/lib/apt/apt-helper download-file "$uri/dists/$suite/InRelease" "$scratch/InRelease"; then
        debian=1
        ok "Debian: $uri has $suite"
    else
        apt="$uri: no packages of Debian $suite: $said"
        apt_remedy="check proxy and network, or set RULES_GO3S_DEBIAN_MIRROR to the URI of a mirror that has $suite"
    fi
fi

# --- Bazel --------------------------------------------------------------------------------

bazel=''
for tool in ${BAZEL:-bazelisk bazel}; do
    if command -v "$tool" >/dev/null; then
        bazel=$(command -v "$tool")
        break
    fi
done
need=note # what is missing for the air-gap mode is wrong only where there is no other Bazel
if [ -n "${BAZEL:-}" ] && [ -z "$bazel" ]; then
    bad "BAZEL=$BAZEL: no such program" "unset it, or name one"
elif [ -n "$bazel" ]; then
    mkdir "$scratch/workspace"
    cp "$checkout/.bazelversion" "$scratch/workspace/"
    echo 'bazel_dep(name = "platforms", version = "0.0.10")' >"$scratch/workspace/MODULE.bazel"
    if (cd "$scratch/workspace" && try 60 "$bazel" --batch --output_user_root="$scratch/output" mod graph --lockfile_mode=off
        status=$?
        printf '%s' "$said" >"$scratch/said-bazel"
        exit $status); then
        ok "Bazel: $bazel reaches the Bazel Central Registry"
    else
        note "$bazel does not reach the Bazel Central Registry: $(cat "$scratch/said-bazel")" "./bazelw takes the air-gap mode; see airgap/README.md"
        need=bad
    fi
    chmod -R u+w "$scratch/output" 2>/dev/null
elif [ $go -eq 1 ] && [ $mirror -eq 1 ] && [ $debian -eq 1 ]; then
    ok "Bazel: none on PATH; ./bazelw makes one of Debian packages (air-gap mode)"
else
    need=bad
    note "no bazelisk or bazel on PATH" "install bazelisk, or mend the following for the air-gap mode"
fi
if [ $go -eq 0 ]; then
    $need "$found" "$remedy"
elif [ $mirror -eq 0 ]; then
    $need "Go modules: $proxy does not answer: $(cat "$scratch/said")" "set GOPROXY to a mirror that this machine reaches: go env -w GOPROXY=URL"
fi
if [ $debian -eq 0 ]; then $need "$apt" "$apt_remedy"; fi

# --- What some targets need ---------------------------------------------------------------

if ! command -v unshare >/dev/null; then
    note "there is no unshare, which tells whether user namespaces work" "install util-linux"
elif try 10 unshare --user --map-root-user --net true; then
    ok "user namespaces work"
else
    remedy="allow them: sysctl -w user.max_user_namespaces=10000"
    for file in kernel/unprivileged_userns_clone:1 kernel/apparmor_restrict_unprivileged_userns:0; do
        want=${file#*:} key=${file%:*}
        if [ -r "/proc/sys/$key" ] && [ "$(cat "/proc/sys/$key")" != "$want" ]; then
            remedy="allow them: sysctl -w $(echo "$key" | tr / .)=$want"
        fi
    done
    note "no user namespaces: $said; the tests of examples with a network, and Bazel's sandbox without a network, fail" "$remedy"
fi

own=$(uname -m)
for machine in x86_64 aarch64 riscv64; do
    [ "$machine" != "$own" ] || continue
    name=qemu-$machine-static
    program=''
    if [ -n "${RULES_GO3S_QEMU_DIR:-}" ]; then
        program=$RULES_GO3S_QEMU_DIR/$name
    elif command -v "$name" >/dev/null; then
        program=$name
    else
        for dir in "$home"/airgap-*/qemu; do
            if [ -x "$dir/$name" ]; then program=$dir/$name; fi
        done
    fi
    if [ -z "$program" ]; then
        if [ -z "$bazel" ]; then
            ok "qemu for $machine: the air-gap mode brings it along"
        else
            note "no $name: programs for $machine cannot be started here" "install qemu-user-static, or set RULES_GO3S_QEMU_DIR"
        fi
    elif try 10 "$program" --version; then
        ok "qemu for $machine: $program"
    else
        note "$program does not start: ${said:-status $status}" "set RULES_GO3S_QEMU_DIR to a directory with $name that does, or unset it"
    fi
done

if [ $wrong -gt 0 ]; then
    echo "$wrong wrong"
    exit 1
fi
echo "nothing wrong"
