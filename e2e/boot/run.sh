#!/bin/sh
# Boots the programs of this repository in virtual machines. It provides qemu, firmware and kernels first, from Debian's packages; the
# arguments go to go test, for example -run TestInit/amd64.
set -eu
cd "$(dirname "$0")"
RULES_GO3S_BOOT_DIR=$(./provision.sh)
export RULES_GO3S_BOOT_DIR
exec go test -count=1 -v -timeout 30m -tags boottest "$@" .
