#!/bin/sh
# Starts a program from the runfiles of this script.
set -eu
case $0 in
/*) self=$0 ;;
*) self=$PWD/$0 ;;
esac
if [ -d "$self.runfiles" ]; then
  RUNFILES_DIR=$self.runfiles
elif [ -z "${RUNFILES_DIR:-}" ]; then
  case $self in
  *.runfiles/*) RUNFILES_DIR=${self%%.runfiles/*}.runfiles ;;
  *)
    echo "$0: no runfiles beside it; start it with 'bazel run', or build with --enable_runfiles" >&2
    exit 127
    ;;
  esac
fi
case $RUNFILES_DIR in
/*) ;;
*) RUNFILES_DIR=$PWD/$RUNFILES_DIR ;;
esac
export RUNFILES_DIR
exec %{command} "$@"
