#!/bin/sh
# Boots what this repository makes in virtual machines: docs/boot.md says what that proves. It provides qemu, firmware and kernels first,
# from Debian's packages.
#
#   run.sh                  everything
#   run.sh fast             on amd64 alone: a signed image boots, a changed one is refused, and execguard guards a machine
#   run.sh -run TestInit    of the tests without Bazel some: the arguments go to go test
set -eu
cd "$(dirname "$0")"
RULES_GO3S_BOOT_DIR=$(./provision.sh)
export RULES_GO3S_BOOT_DIR

gotests() { go test -count=1 -v -timeout 60m -tags boottest "$@" .; }

bazeltests() {
  (cd ../.. && ./bazelw test --config=cache --repo_env=RULES_GO3S_BOOT_DIR="$RULES_GO3S_BOOT_DIR" --local_test_jobs=2 "$@")
}

case ${1:-all} in
fast)
  bazeltests //examples/boot:fast
  gotests -run 'TestExecguard/amd64'
  ;;
all)
  gotests
  bazeltests //examples/boot:all_boots
  ;;
-*) gotests "$@" ;;
*)
  echo "run.sh: $1: want fast, arguments for go test, or nothing" >&2
  exit 2
  ;;
esac
