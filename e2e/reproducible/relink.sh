#!/bin/sh
# Links hello for three platforms by other tools, as the baseline of run.sh did, and strips and packs it by them and by $work/own.
#
#   relink.sh WORK NAME LINKER
#
# The tools are in WORK/NAME, LINKER is cmd/link. Prints which files have other bytes and must not; WORK/NAME.said gets those that
# may, WORK/NAME.count a line for each comparison.
set -eu
work=$1 name=$2 linker=$3
cd "$work/first/execroot/_main"
for params in bazel-out/*/bin/examples/hello/hello_static_/hello_static_linux_*64-0.params; do
  arch=$(sed -n '/^--goarch$/{n;p;}' "$params")
  sed "2s|.*|$linker|" "$params" >"$work/$name.params"
  "$work/$name/golink" link "@$work/$name.params" --strip-all --traceback=full -o "$work/$name.executable"
  cmp -s "$work/$name.executable" "${params%-0.params}" || echo "executable $arch"
  echo executable >>"$work/$name.count"
  "$work/$name/golink" link "@$work/$name.params" -w -o "$work/$name.linked"
  for tier in full functions external; do
    for tools in own "$name"; do
      symbols=''
      [ $tier != external ] || symbols=--symbols-file=$work/$tools.symbols
      # shellcheck disable=SC2086 # there may be none
      "$work/$tools/elfstrip" --strip-all --unverified-go=warn --traceback=$tier $symbols -o "$work/$tools.stripped" "$work/$name.linked"
      "$work/$tools/elfstrip" --pack=lz4 -o "$work/$tools.packed" "$work/$tools.stripped"
    done
    for file in stripped packed; do
      cmp -s "$work/own.$file" "$work/$name.$file" || echo "$file $arch $tier"
      echo $file >>"$work/$name.count"
    done
  done
  cmp -s "$work/own.symbols" "$work/$name.symbols" || echo "side file of $arch" >>"$work/$name.said"
done
