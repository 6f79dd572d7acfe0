#!/bin/sh
# With --stamp and --workspace_status_command=PATH (of this file), `go version -m` says of which commit a program is, as it does
# of those that the go command builds.
set -eu
echo "STABLE_VCS git"
echo "STABLE_VCS_REVISION $(git rev-parse HEAD)"
echo "STABLE_VCS_TIME $(TZ=UTC0 git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)"
if [ -z "$(git status --porcelain)" ]; then
  echo "STABLE_VCS_MODIFIED false"
else
  echo "STABLE_VCS_MODIFIED true"
fi
