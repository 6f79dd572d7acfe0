"""program_test: runs one Go test over the outputs of a program on all its platforms."""

load("//rules:defs.bzl", "Go3sBinaryInfo")
load("//toolchains:emulator.bzl", "EMULATOR_TOOLCHAIN")

visibility("//examples/...")

_PLATFORMS = [
    "linux_amd64",
    "linux_arm64",
    "linux_riscv64",
]

def _rlocationpath(ctx, file):
    if file.short_path.startswith("../"):
        return file.short_path[3:]
    return ctx.workspace_name + "/" + file.short_path

def _emulator(ctx, goarch):
    info = ctx.toolchains[EMULATOR_TOOLCHAIN].emulator
    if goarch == info.native:
        return None
    if goarch not in info.emulators:
        fail("\n{}: no emulator for {} programs on this {} machine, want a statically linked qemu-user; install qemu-user-static, or name its folder in --repo_env=RULES_GO3S_QEMU_DIR=…".format(
            ctx.label,
            goarch,
            info.native,
        ))
    return info.emulators[goarch]

def _program_test_impl(ctx):
    variants = {
        variant.platform.name: variant
        for variant in ctx.attr.program[Go3sBinaryInfo].variants
        if variant.platform
    }
    if ctx.attr.platform not in variants:
        fail("\n{}: {} is built for {}, want {}; add it to its platforms".format(
            ctx.label,
            ctx.attr.program.label,
            ", ".join(variants.keys()) or "no named platform",
            ctx.attr.platform,
        ))
    variant = variants[ctx.attr.platform]

    files = [variant.executable]
    environment = {"GO3S_BINARY": _rlocationpath(ctx, variant.executable)}
    emulator = _emulator(ctx, variant.goarch)
    if emulator:
        files.append(emulator)
        environment["GO3S_EMULATOR"] = _rlocationpath(ctx, emulator)

    # The test itself runs natively, whatever the program is built for.
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = ctx.executable.test,
        is_executable = True,
    )
    inner = ctx.attr.test[RunEnvironmentInfo]
    return [
        DefaultInfo(
            executable = executable,
            runfiles = ctx.runfiles(files).merge(ctx.attr.test[DefaultInfo].default_runfiles),
        ),
        RunEnvironmentInfo(
            environment = inner.environment | environment,
            inherited_environment = inner.inherited_environment,
        ),
    ]

_program_test = rule(
    implementation = _program_test_impl,
    doc = "Runs a go_test with GO3S_BINARY and GO3S_EMULATOR set for one platform of a program.",
    test = True,
    attrs = {
        "platform": attr.string(
            doc = "Name of one of the program's platforms.",
            mandatory = True,
        ),
        "program": attr.label(
            doc = "The program under test.",
            mandatory = True,
            providers = [Go3sBinaryInfo],
        ),
        "test": attr.label(
            doc = "A go_test whose TestMain is package progtest's.",
            mandatory = True,
            executable = True,
            cfg = "target",
        ),
    },
    toolchains = [EMULATOR_TOOLCHAIN],
)

def program_test(name, program, test, **kwargs):
    """Declares a test `<name>_<platform>` for each platform and a test_suite `<name>` of them.

    Args:
      name: name of the test_suite.
      program: label of a go_static_binary or a relative of it, built for amd64, arm64 and riscv64.
      test: label of a go_test that takes its program from the environment, as package progtest says.
      **kwargs: attributes of every test, for example `size`.
    """
    for platform in _PLATFORMS:
        _program_test(
            name = "{}_{}".format(name, platform),
            platform = platform,
            program = program,
            test = test,
            **kwargs
        )
    native.test_suite(
        name = name,
        tests = ["{}_{}".format(name, platform) for platform in _PLATFORMS],
    )
