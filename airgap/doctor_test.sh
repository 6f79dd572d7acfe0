#!/bin/sh
# Tests ./bazelw doctor on machines that lack something: sh airgap/doctor_test.sh
#
# Needs a Debian machine with Go whose mirrors answer. What is missing is hidden, or made to fail, by directories on PATH.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bazelw=$here/../bazelw
scratch=$(mktemp -d /var/tmp/doctor_test.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
. "$here/check.sh"
XDG_CACHE_HOME=$scratch/cache
export XDG_CACHE_HOME
unset BAZEL RULES_GO3S_AIRGAP RULES_GO3S_DEBIAN_MIRROR RULES_GO3S_QEMU_DIR

# without NAME...: a PATH with all programs but those, in $without.
without() {
    without=$scratch/without-$(echo "$*" | tr " " -)
    mkdir -p "$without"
    for dir in $(echo "$PATH" | tr : ' '); do
        ln -s "$dir"/* "$without/" 2>/dev/null # what is there already has precedence
    done
    for name; do rm -f "$without/$name"; done
}

# instead NAME TEXT: a PATH on which the program NAME is a script of that text, in $instead.
instead() {
    mkdir -p "$scratch/instead-$1"
    printf '#!/bin/sh\n%s\n' "$2" >"$scratch/instead-$1/$1"
    chmod +x "$scratch/instead-$1/$1"
    instead=$scratch/instead-$1:$PATH
}

without bazel bazelisk
PATH=$without
export PATH

run "$bazelw" doctor
check "a machine with all is well" [ $status -eq 0 ]
check "... says so last" [ "$(tail -n 1 "$scratch/output")" = "nothing wrong" ]
check "... has Go" says '^ok     Go: go1\.'
check "... reaches a module mirror" says '^ok     Go modules: '
check "... reaches Debian" says '^ok     Debian: '
room='^ok     disk: '
[ "$(df -Pk "$scratch" | awk 'NR == 2 { print $4 }')" -ge 10485760 ] || room='^note   .* MiB of free space$'
check "... has room, or it is mentioned that it has little" says "$room"

without bazel bazelisk go
run env PATH="$without" "$bazelw" doctor
check "no Go is wrong" [ $status -eq 1 ]
check "... by name" says '^WRONG  Go is not on PATH'
check "... with a remedy" says 'install Go 1.26'

instead go 'echo go1.24.1'
run env PATH="$instead" "$bazelw" doctor
check "an old Go is wrong" says '^WRONG  Go on PATH is go1.24.1'

run env GOPROXY=off "$bazelw" doctor
check "no module mirror is wrong" says '^WRONG  Go modules: off does not answer: .*disabled by GOPROXY=off'
check "... with a remedy" says 'set GOPROXY'

run env RULES_GO3S_DEBIAN_MIRROR="file:$scratch/none" "$bazelw" doctor
check "a mirror that does not answer is wrong" [ $status -eq 1 ]
check "... by name" says "^WRONG  file:$scratch/none: no packages of Debian"
check "... with a remedy" says 'set RULES_GO3S_DEBIAN_MIRROR'

instead apt-get 'exit 0'
run env PATH="$instead" "$bazelw" doctor
check "no source of apt is wrong" says '^WRONG  apt has no source of Debian packages'

without bazel bazelisk apt-get
run env PATH="$without" "$bazelw" doctor
check "no apt is wrong" says '^WRONG  there is no apt-get'

instead bazelisk 'echo /MODULE.bazel >"$PWD/graph"; exit 0'
run env PATH="$instead" GOPROXY=off "$bazelw" doctor
check "with a Bazel that reaches the registry, a missing mirror is of no importance" [ $status -eq 0 ]
check "... but it is mentioned" says '^note   Go modules: off'
check "... as is Bazel" says '^ok     Bazel: .*bazelisk reaches'

instead bazelisk 'echo "no route to the registry" >&2; exit 1'
run env PATH="$instead" "$bazelw" doctor
check "a Bazel that does not reach the registry is no harm where the air-gap mode works" [ $status -eq 0 ]
check "... and is mentioned with its words" says '^note   .*bazelisk does not reach the Bazel Central Registry: no route to the registry'

run env BAZEL=/none/bazel "$bazelw" doctor
check "a BAZEL that is not there is wrong" says '^WRONG  BAZEL=/none/bazel: no such program'

instead df 'echo Header; echo "disk 100 100 1048576 1% /"'
run env PATH="$instead" "$bazelw" doctor
check "a full disk is wrong" says '^WRONG  .* has 1024 MiB of free space'

run env XDG_CACHE_HOME="$scratch/a b" "$bazelw" doctor
check "a space in the cache's name is wrong" says '^WRONG  the cache directory .*a b'

run env XDG_CACHE_HOME=/proc/none "$bazelw" doctor
check "a cache that cannot be written is wrong" says '^WRONG  /proc/none/rules_go3s cannot be written'

instead unshare 'echo "unshare: Operation not permitted" >&2; exit 1'
run env PATH="$instead" "$bazelw" doctor
check "missing user namespaces are a note" [ $status -eq 0 ]
check "... with what the system said" says '^note   no user namespaces: unshare: Operation not permitted'
check "... and a remedy" says 'allow them: sysctl -w'

run env RULES_GO3S_QEMU_DIR=/none "$bazelw" doctor
check "emulators that are not there are a note" [ $status -eq 0 ]
check "... by name" says '^note   /none/qemu-riscv64-static does not start'

result
