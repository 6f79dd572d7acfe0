"""go_static_binary: a Go program as a static, fixed-address ELF executable."""

load("//rules/private:binary_macro.bzl", "static_program")

def go_static_binary(name, **kwargs):
    """A Go program as an ELF executable that needs a Linux kernel and nothing else.

    The file is ET_EXEC without PT_INTERP and PT_DYNAMIC, linked and stripped by golink, and
    the build fails when linkcheck's profile `static` finds an error in it.
    No C toolchain is looked for.

    It takes the attributes of
    [go_binary](https://github.com/bazel-contrib/rules_go/blob/master/docs/go/core/rules.md#go_binary), so that
    `# gazelle:map_kind go_binary go_static_binary @rules_go3s//rules:defs.bzl` makes Gazelle write it instead
    ([more](../docs/migrate.md#from-go_binary)), or the label of an existing go_binary in `binary`.

    Files that need cgo are left out, as by `CGO_ENABLED=0 go build`; linkcheck's report lists them. A package of which
    nothing is left fails the link, with the chain of targets that leads to it, and so does one that imports from a shared library.

    Outputs: `<name>` for the platform of `--platforms`, or `<name>_<platform>` for each of `platforms`, in the folder `<name>_` of
    the package, where go_binary puts its executable, too; `out` puts them elsewhere.
    With several `platforms`, `$(rootpaths)` and the like name all files in Bazel 7, and only the one that `bazel run` starts from
    Bazel 8.0.1 on. A filegroup with the target in `srcs` names them all, and with an `output_group` such as `linux_arm64` the one
    for that platform, in every Bazel.
    In `bazel coverage` the programs are instrumented and not checked.
    Attributes take `select()`, but for `exec_properties`, `exec_group_compatible_with`, `fips`, `goarch`, `goos`, `linkmode`,
    `package_note`, `pure`, `static` and what no rule takes it for.

    Output groups: one for each of `platforms` by its name (for example `linux_arm64`), `debug` (debug information in separate
    files), `fips` (of `fips`: JSON), `linkcheck_report` (JSON), `linked` (before stripping, but without debug information),
    `seccomp` (a profile in OCI form), `symbols` (of `traceback = "external"`), `syscalls` (the system calls that the program
    can make, JSON), `unpacked` (of `pack`).
    `bazel run` starts the executable for the target platform, else the first, under an emulator if need be.

    Args:
      name: name of the target and, without `basename` or `out`, of the executable.
      **kwargs: go_binary's attributes, and those that
        [the reference](../docs/reference/rules.md#attributes-of-programs) lists with types and defaults.
        `data`, `env`, `args`, `tags`, `testonly`, `visibility`, `exec_properties`, `target_compatible_with`, `aspect_hints`,
        `applicable_licenses` and, in Bazel 8, `package_metadata` and `exec_group_compatible_with` mean what they mean for go_binary. Keys
        of `exec_properties` and `exec_group_compatible_with` may name the exec groups `go_link` (of the go_binary, not with
        `binary`), `go3s_link`, `go3s_strip` and `go3s_check`; others are refused.
    """
    static_program(name = name, mode = "exe", profile = "static", **kwargs)
