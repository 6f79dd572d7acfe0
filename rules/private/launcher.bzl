"""Starts a program of any architecture on the execution platform."""

load("@bazel_skylib//lib:shell.bzl", "shell")
load("//toolchains:emulator.bzl", "EMULATOR_TOOLCHAIN")
load(":goarch.bzl", "GOARCHS", "MACHINES")

visibility("//rules/...")

LAUNCHER_TOOLCHAINS = [config_common.toolchain_type(EMULATOR_TOOLCHAIN, mandatory = False)]

LAUNCHER_ATTRS = {
    "_launcher_template": attr.label(
        default = "//rules/private:launcher.sh.tpl",
        allow_single_file = True,
    ),
}

# What choose reads.
CHOICE_ATTRS = {
    "_" + goarch: attr.label(default = "@platforms//cpu:" + machine.name)
    for goarch, machine in MACHINES.items()
}

def choose(ctx, variants):
    """Chooses what `bazel run` starts: the executable for the target platform, else the first.

    Args:
      ctx: context of a rule with CHOICE_ATTRS.
      variants: list of Go3sVariantInfo, one at least.
    Returns:
      Go3sVariantInfo.
    """
    for goarch in GOARCHS:
        cpu = getattr(ctx.attr, "_" + goarch)
        if ctx.target_platform_has_constraint(cpu[platform_common.ConstraintValueInfo]):
            for variant in variants:
                if variant.goarch == goarch:
                    return variant
    return variants[0]

def is_native(ctx, goarch):
    """Tells whether the execution platform starts programs of an architecture by itself.

    Args:
      ctx: context of a rule with LAUNCHER_TOOLCHAINS.
      goarch: string: GOARCH of the program.
    Returns:
      bool.
    """
    toolchain = ctx.toolchains[EMULATOR_TOOLCHAIN]
    return not toolchain or toolchain.emulator.native == goarch

def emulator(ctx, goarch):
    """Finds the emulator for an architecture; fails where the execution platform has none.

    Args:
      ctx: context of a rule with LAUNCHER_TOOLCHAINS.
      goarch: string: GOARCH of the program.
    Returns:
      File: the emulator; None when the program is native.
    """
    toolchain = ctx.toolchains[EMULATOR_TOOLCHAIN]
    if is_native(ctx, goarch):
        return None
    if goarch not in toolchain.emulator.emulators:
        fail(("\n{}: there is no emulator for {} programs on this {} machine. Install qemu's user mode " +
              "(Debian: qemu-user-static), or name the folder that holds it in --repo_env=RULES_GO3S_QEMU_DIR=…, or register " +
              "a toolchain of type {}.").format(ctx.label, goarch, toolchain.emulator.native, EMULATOR_TOOLCHAIN))
    return toolchain.emulator.emulators[goarch]

def _rlocation(ctx, file):
    if file.short_path.startswith("../"):
        return file.short_path[3:]
    return ctx.workspace_name + "/" + file.short_path

def launcher(ctx, out, program, goarch, runfiles):
    """Writes a script that starts a program, under an emulator where it is foreign.

    Args:
      ctx: context of a rule with LAUNCHER_ATTRS and LAUNCHER_TOOLCHAINS.
      out: File: the script to write.
      program: File: the ELF executable.
      goarch: string: its GOARCH.
      runfiles: runfiles of the program.
    Returns:
      runfiles of the script.
    """
    words = [emulator(ctx, goarch), program]
    files = [word for word in words if word]
    ctx.actions.expand_template(
        template = ctx.file._launcher_template,
        output = out,
        is_executable = True,
        substitutions = {
            "%{command}": " ".join(['"$RUNFILES_DIR"/' + shell.quote(_rlocation(ctx, file)) for file in files]),
        },
    )
    return ctx.runfiles(files).merge(runfiles)
