"""go_static_binary: a Go program as a static, fixed-address ELF executable."""

load("//rules/private:binary_macro.bzl", "static_program")

def go_static_binary(name, **kwargs):
    """A Go program as an ELF executable that needs a Linux kernel and nothing else.

    The file is ET_EXEC without PT_INTERP and PT_DYNAMIC, linked by golink, stripped by
    elfstrip, and the build fails when linkcheck's profile `static` finds an error in it.
    No C toolchain is looked for.

    It takes the attributes of
    [go_binary](https://github.com/bazel-contrib/rules_go/blob/master/docs/go/core/rules.md#go_binary), so that
    `# gazelle:map_kind go_binary go_static_binary @rules_go3s//rules:defs.bzl` is all it takes to
    switch, or the label of an existing go_binary in `binary`.

    Files that need cgo are left out, as by `CGO_ENABLED=0 go build`; linkcheck's report lists them. A package of which
    nothing is left fails the link, with the chain of targets that leads to it, and so does one that imports from a shared library.

    Outputs: `<name>` for the platform of `--platforms`, or `<name>_<platform>` for each of `platforms`, in the folder `<name>_` of
    the package, where go_binary puts its executable, too; `out` puts them elsewhere.
    With several `platforms`, `$(rootpaths)` and the like name all files in Bazel 7, and only the one that `bazel run` starts from
    Bazel 8.0.1 on. A filegroup with the target in `srcs` names them all, and with an `output_group` such as `linux_arm64` the one
    for that platform, in every Bazel.
    In `bazel coverage` the programs are instrumented and not checked.
    Attributes take `select()`, but for `exec_properties`, `exec_group_compatible_with`, `goarch`, `goos`, `linkmode`, `package_note`,
    `pure`, `static` and what no rule takes it for.

    Output groups: one for each of `platforms` by its name (for example `linux_arm64`), `debug` (debug
    information in separate files), `linkcheck_report` (JSON), `linked` (before stripping, but without debug information), `seccomp` (a
    profile in OCI form), `symbols` (of `traceback = "symbolized"`), `syscalls` (the system calls that the program can make,
    JSON), `unpacked` (of `pack`).
    `bazel run` starts the executable for the target platform, else the first, under an emulator if need be.

    Args:
      name: name of the target and, without `basename` or `out`, of the executable.
      **kwargs: go_binary's attributes, and:

        - `binary` (label): the go_binary to link, instead of `srcs`, `embed`, `deps` and the like.
          Its own link action does not run.
        - `platforms` (list of labels, default none): platforms to build for, for example
          `@rules_go3s//platforms:linux_arm64`. Without them the target follows `--platforms`.
        - `strip` (string, default `all`): `all` takes out symbols and debug information, but keeps
          `go:func.*`, which govulncheck needs; `debug` takes out debug information only; `none`.
        - `keep_symbols` (list of strings, default none): shell patterns of symbols to keep.
        - `traceback` (string, default `full`): what panics, profiles and runtime.Callers still tell. `functions`: the
          functions, without file, line and arguments. `symbolized`: addresses only; `<name>.symbols` in
          the output group `symbols` is what tools/symbolize needs to make the full trace of them. Needs
          `strip = "all"` and no `keep_symbols`. [Cost and use](../docs/traceback.md).
        - `pack` (string, default none): `lz4` makes an executable that decompresses itself when it starts, in less than
          half the size, for a slower start and private memory. Needs `strip = "all"` and no `keep_symbols`. [Cost and use](../docs/packing.md).
          `size_budget` is about the packed file; linkcheck judges both.
        - `gc_percent` (int or `"off"`, default none), `memory_limit` (string such as `512MiB`, default none), `gomaxprocs` (int,
          default none): what GOGC, GOMEMLIMIT and GOMAXPROCS are when the environment does not set them. Not
          with `binary`. [Cost and use](../docs/startup.md).
        - `godebug` (dict of strings, default none): settings that GODEBUG starts with, over those of `//go:debug` lines in the
          sources; the environment can change each.
        - `function_alignment` (int, default 0, the architecture's): 16, 32 or 64 bytes.
          [Cost](../docs/startup.md#function-alignment).
        - `ca_roots` (label, default none): PEM file of root certificates that crypto/x509 uses when the
          system has none. Not with `binary`.
        - `tzdata` (bool, default False): embed the time zones. Not with `binary`.
        - `x_defs` (dict): `package.variable` to value; with `binary`, over those of the binary. `$(location)` names what it can name there, and `data`.
        - `sections` (dict of string to label, default none): files to add as sections, by name (`".embed_cfg"`)
          or, with a fixed address, by name and address (`".table@0x10000000"`: beyond the end of the program, a multiple of 4 KiB,
          64 KiB on arm64; not for a PIE, which the kernel loads anywhere). They are loaded read-only, aligned to 16 bytes.
          [go_sections](#go_sections) reads them from Go; the symbols are objcopy's: `.embed_cfg` has `_binary_embed_cfg_start`, `_end`
          and `_size`, which stripping removes unless `keep_symbols = ["_binary_*"]`.
        - `package_note` (dict of strings, or label of a JSON file; default none): the package metadata note `.note.package`
          ([specification](https://uapi-group.org/specifications/specs/package_metadata_for_executable_files/)), for
          example `{"type": "deb", "name": "app", "version": "1.2"}`.
        - `notes` (dict of string to label, default none): files to add as ELF notes, by owner and type (`"ACME:1"`).
        - `linker` (string, default `golink`): `external` lets the linker of a registered
          `@rules_go3s//toolchains:elf_linker_toolchain_type`, GNU ld or LLD, lay out the program; golink still
          adds and checks what it does for its own programs.
        - `linker_script` (label, default none): linker script of the external linker.
        - `linker_flags` (list of strings, default none): further options of the external linker, after those of the
          toolchain. Options that choose the kind of output are refused.
        - `linkcheck_policy` (label, default none): policy file over the profile.
        - `allowed_syscalls` (label, default none): list of the system calls that the program may make, as
          `linkcheck syscalls --list` writes it. The build fails when the program can make another one.
          [System calls](../docs/syscalls.md).
        - `compare` (string, default `report`): when `platforms` are of several architectures, `report` offers a report, in the output
          group `compare_report`, on what differs between the programs and is not explained by the standard library's files for one
          architecture or by the compiler ([what is compared](../docs/compare.md)); `strict` fails the build when there is an error in it;
          `off` does neither. Allowances of `linkcheck_policy` accept differences.
        - `size_budget` (int or string, default none): most bytes of each executable, for example `6MB`.

        `data`, `env`, `args`, `tags`, `testonly`, `visibility`, `exec_properties`, `target_compatible_with`, `aspect_hints`,
        `applicable_licenses` and, in Bazel 8, `package_metadata` and `exec_group_compatible_with` mean what they mean for go_binary. Keys
        of `exec_properties` and `exec_group_compatible_with` may name the exec groups `go_link` (of the go_binary, not with
        `binary`), `go3s_link`, `go3s_strip` and `go3s_check`; others are refused.
    """
    static_program(name = name, mode = "exe", profile = "static", **kwargs)
