#!/bin/sh
# Builds the targets of this workspace and fails unless every build fails with the words given here.
# Arguments go to bazel build.
set -eu
cd "$(dirname "$0")"
options=$*

log=$(mktemp)
trap 'rm -rf "$log" select_refused' EXIT
passed=0
failed=0

# refused PACKAGE WORDS...: the build, or what $command says, must fail, and print each of WORDS.
refused() {
  target=//$1
  shift
  missing=
  # shellcheck disable=SC2086 # options are words
  if ../../bazelw ${command:-build} $options "$target" >"$log" 2>&1; then
    missing="a failure; it was built"
  fi
  for words; do
    grep -qF -e "$words" "$log" || missing="${missing:+$missing, }\"$words\""
  done
  if [ -z "$missing" ]; then
    passed=$((passed + 1))
    return
  fi
  failed=$((failed + 1))
  echo "$target: missing: $missing; printed:"
  cat "$log"
}

refused size_budget "size-budget" "//size_budget:size_budget (linux_" "FAIL" "more than its budget of 100000"
refused packed_size 'size-budget' '//packed_size:packed_size (linux_' 'more than its budget of 100000'
refused not_signed 'no --signature for' 'sign what elfsign digest writes of it'
refused key_not_trusted 'program: it is by ' ', who is not trusted' 'Add the public key or the certificate to --trust'
refused signature_of_another 'old.sig: by none of the 1 Ed25519 keys that are trusted' 'signature of another file'
refused system_call '//system_call:system_call' 'does not allow chroot: main.main'
refused own_system_call 'syscall-sites' 'main.getpid: it has 1 system call instructions'
refused forbidden_package 'forbidden-packages' 'fmt: this package is in the program, but "fmt" is forbidden'
refused unsafe_import 'forbidden-imports' 'example.com/bits imports unsafe: the import of "unsafe" is forbidden'
refused expired_allowance 'forbidden-packages' '(allowed until 2026-01-31: until the log is structured)'
refused backdoor 'same-functions' '//backdoor:backdoor (riscv64)' 'main.open: riscv64 only; declared in door_riscv64.go'
refused unknown_rule 'unknown rule "no-interpretor"; the closest are no-interpreter'
refused static_off '//static_off:static_off: static = "off": want "on" or "auto"; remove it, or use go_binary'
refused linkmode_c_shared '//linkmode_c_shared:linkmode_c_shared: linkmode = "c-shared": want "auto" or "normal"; remove it, or use go_binary'
refused goos_windows 'goos = "windows", goarch = "amd64": want "linux"' 'use go_binary for other platforms'
refused tzdata_with_binary 'tzdata cannot be added to the finished package' 'import time/tzdata'
refused gc_percent_with_binary 'gc_percent cannot be added to the finished package' 'call debug.SetGCPercent in //:any_binary'
refused godebug_line 'godebug_line/main.go:3: //go:debug panicnill=1: is not known to the Go SDK' 'https://go.dev/doc/godebug'
refused srcs_with_binary 'srcs goes to the go_binary //:any_binary, not here'
refused unknown_platform "no such target '@@rules_go3s~//platforms:linux_mips'" "//unknown_platform:unknown_platform"
refused link_option "linker option -linkmode: refused: golink decides it"
refused missing_section 'package example.com/data reads section ".embed_cfg", which this program lacks: add it to `sections`'
refused no_main_function 'function main is undeclared in the main package'
refused dynamic_import 'package main imports the symbol getpid of the shared library libc.so.6 (//go:cgo_import_dynamic lib_getpid' '    //dynamic_import:dynamic_import' 'build the program with go_binary'
refused cgo_only 'package example.com/refusals/cgo_only/c needs cgo' 'none of its Go files is left (c.go, code.c needs cgo)' '//cgo_only:cgo_only' '-> //cgo_only/a:a' '-> //cgo_only/c:c' 'Remove that dependency'
refused cgo_left_out 'cgo-left-out' 'example.com/refusals/cgo_left_out/c: files that need cgo were left out of this package (c_cgo.go)'
refused fips_unknown '//fips_unknown:fips_unknown: fips = "v9.9.9": this rules_go3s knows no such FIPS 140-3 module of Go' 'want "latest", "certified", "inprocess", "v1.0.0"' 'choose one of them'
refused fips_mode_off 'fips-module' 'it uses no cryptography of Go' 'fips-on' 'the program'"'"'s default GODEBUG is "fips140=off", want fips140=on'
refused same_platform_name 'platforms: @@rules_go3s~//platforms:linux_amd64 and //same_platform_name:linux_amd64 have the same name' 'rename one'
refused exec_group 'exec_properties: "go3s_lnk.pool": there is no exec group "go3s_lnk"; want go_link, go3s_link, go3s_strip, go3s_check'
refused exec_group_constraints 'exec_group_compatible_with: "go3s_lnk": there is no exec group "go3s_lnk"; want go_link, go3s_link, go3s_strip, go3s_check'
refused exec_group_of_binary 'exec_properties: "go_link.pool": there is no exec group "go_link"; want go3s_link, go3s_strip, go3s_check'
refused exec_group_of_test 'exec_properties: "go3s_check.pool": there is no exec group "go3s_check"; want go3s_link, test'
refused exec_group_of_assembly 'exec_properties: "go_link.pool": there is no exec group "go_link"; want go3s_link, go3s_strip, go3s_check'
# Bazel 7.7 has no such attribute, and says at which target it came.
refused later_attribute "no such attribute 'exec_group_compatible_with' in 'go3s_binary' rule"
refused release:same_name '//release:same_name: programs: //release:one and //release:two are both named "tool" on linux_amd64' 'name one otherwise'
refused release:foreign_program '//release:foreign_program: programs: //release:foreign is no program of this module' 'wrap a go_binary'
refused release:image_without_entrypoint 'image_user is set, and image_entrypoint is not' 'name the program'
refused release:unknown_entrypoint 'image_entrypoint: "two" is no program of the release for linux_amd64'
refused release:bad_version 'version "../1": want letters, digits'
refused release:bad_format '"rar" is no format, want some of tar.gz, tar.zst, zip'
refused release:denied_licence '//release:denied_licence: licence policy: example.com/third@v1.2.0, in //release:uses_third: it is under GPL-3.0-only' 'says), which licenses_deny names; do without the module, allow the licence, or correct it by licenses_override'
refused release:override_of_nothing 'licenses_override: example.com/gone: no program is linked from it' 'name a module of the release, or remove it'
refused release:unfit_key 'signing_key: it is a *ecdsa.PrivateKey, want an Ed25519 key'
for attribute in exec_properties exec_group_compatible_with fips goarch goos linkmode package_note pure static; do
  mkdir -p select_refused
  printf 'load("@rules_go3s//rules:defs.bzl", "go_static_binary")\ngo_static_binary(name = "x", srcs = ["//:main.go"], %s = select({"//conditions:default": "auto"}))\n' \
    "$attribute" >select_refused/BUILD.bazel
  refused select_refused:x "//select_refused:x: $attribute = select(...): want a value" 'declare a target for each value'
done
command='build --aspects=@rules_go3s//rules:linkcheck.bzl%linkcheck_aspect --@rules_go3s//rules:linkcheck_policy=//aspect:policy.json'
refused aspect 'size-budget' '//aspect:aspect: FAIL' 'more than its budget of 100000' 'main imports fmt'
command='test --test_output=errors'
refused size_grown 'section .text (' 'budget 500000)' 'package main (' 'function main (' 'bazel run //size_grown:size_grown.update' \
  'what every byte is for: bazel-out/' 'size_grown/size_grown.sizes.html'
refused fips_off 'fips-module' 'fips-on' 'nothing says that the mode is on'
refused not_packed 'packed-unpacker' 'packed-original' 'it is not packed by elfstrip'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
