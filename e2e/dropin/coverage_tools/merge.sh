#!/bin/bash
# Puts the reports of one test into its output, as Bazel's own tool does for a single language.
for argument in "$@"; do
  case $argument in
  --output_file=*) out=${argument#*=} ;;
  --coverage_dir=*) dir=${argument#*=} ;;
  esac
done
cat /dev/null $(find "$dir" -name '*.dat') >"$out"
