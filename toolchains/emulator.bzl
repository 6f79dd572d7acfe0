"""The toolchain type of the emulators: what starts a program of a foreign architecture.

Bazel starts the programs of `bazel run` and `bazel test` on the execution
platform. A Linux program of another architecture needs qemu's user mode there.
The toolchain is chosen by execution platform alone and names one emulator for
each foreign architecture, so that one rule can start outputs of several.
"""

load("//rules/private:goarch.bzl", "GOARCHS")

EmulatorInfo = provider(
    doc = "How to start Linux programs of each architecture on the execution platform.",
    fields = {
        "native": "string: the GOARCH that needs no emulator, for example `amd64`.",
        "emulators": "dict from GOARCH (string) to the emulator's File; a GOARCH that is absent has none.",
    },
)

EMULATOR_TOOLCHAIN = Label("//toolchains:emulator_toolchain_type")

def _emulator_toolchain_impl(ctx):
    emulators = {}
    for target, goarch in ctx.attr.emulators.items():
        files = target[DefaultInfo].files.to_list()
        if len(files) != 1:
            fail("{}: emulators: {} has {} files, want the one statically linked emulator for {}".format(
                ctx.label,
                target.label,
                len(files),
                goarch,
            ))
        emulators[goarch] = files[0]
    return [platform_common.ToolchainInfo(
        emulator = EmulatorInfo(native = ctx.attr.native, emulators = emulators),
    )]

emulator_toolchain = rule(
    implementation = _emulator_toolchain_impl,
    doc = "Declares emulators for `toolchain(toolchain_type = \"@rules_go3s//toolchains:emulator_toolchain_type\")`.",
    attrs = {
        "native": attr.string(
            doc = "The GOARCH of the execution platform.",
            mandatory = True,
            values = GOARCHS,
        ),
        "emulators": attr.label_keyed_string_dict(
            doc = "Statically linked emulator to the GOARCH of the programs it starts.",
            allow_files = True,
            cfg = "exec",
        ),
    },
)
