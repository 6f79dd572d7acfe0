#!/bin/sh
# Proves that the module graph resolves from the Bazel Central Registry, without reaching it:
#
#   airgap/bcr_resolve.sh INDEX [WORKSPACE...]
#
# INDEX is a checkout of the registry's repository (modules/ and bazel_registry.json).
# WORKSPACE is a directory with a MODULE.bazel; the default is this repository and
# the workspaces in e2e/. For each, Bazel resolves the graph with no overrides and no rc
# file, and the resolved versions are printed. A version that the registry does not have, or a
# direct dependency that resolves to another version than MODULE.bazel names, is an error.
# Sources are not downloaded: this does not prove that they build.
set -eu

usage() { echo "usage: airgap/bcr_resolve.sh REGISTRY_CHECKOUT [WORKSPACE...]" >&2; exit 2; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ $# -ge 1 ] || usage
[ -f "$1/bazel_registry.json" ] || { echo "$1: no checkout of the registry (no bazel_registry.json in it)" >&2; usage; }
index=$(CDPATH='' cd -- "$1" && pwd)
shift
[ $# -gt 0 ] || set -- "$here"/.. "$here"/../e2e/*/

scratch=$(mktemp -d)
bazel() { "$here/../bazelw" --ignore_all_rc_files --output_base="$scratch/output" "$@" 2>"$scratch/log"; }
finish() {
    bazel shutdown || :
    chmod -R u+w "$scratch"
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

status=0
for workspace; do
    [ -f "$workspace/MODULE.bazel" ] || continue
    cd "$workspace"
    # This command needs the whole graph, but (unlike "mod graph") no module's sources.
    if bazel mod dump_repo_mapping "" --noenable_workspace --lockfile_mode=off \
        --registry="file://$index" --repository_disable_download --check_direct_dependencies=error >/dev/null; then
        echo "$(pwd): resolves to"
        bazel dump --skyframe=deps | sed -n 's/.*RepoSpecKey{moduleKey=\([^,]*\),.*/    \1/p' | LC_ALL=C sort -u
    else
        echo "$(pwd): does not resolve:"
        sed -n 's/^ERROR:/   /p' "$scratch/log"
        status=1
    fi
    bazel shutdown # or the next dump would contain this graph
    cd - >/dev/null
done
exit $status
