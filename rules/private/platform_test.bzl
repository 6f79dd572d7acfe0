"""A go_test, built for one platform and run on the execution platform."""

load(":launcher.bzl", "LAUNCHER_ATTRS", "LAUNCHER_TOOLCHAINS", "emulator", "launcher")
load(":rules_go_compat.bzl", "go_archive")
load(":transition.bzl", "platforms_transition")

visibility("//rules/...")

def _platform_test_impl(ctx):
    test = ctx.split_attr.test.values()[0]
    archive = go_archive(test)
    if not archive:
        fail("\n{}: test = {}: want a go_test".format(ctx.label, test.label))
    info = test[DefaultInfo]
    goarch = archive.source.mode.goarch
    out = ctx.actions.declare_file(ctx.label.name)
    runfiles = launcher(ctx, out, info.files_to_run.executable, goarch, info.default_runfiles)

    environment = dict(test[RunEnvironmentInfo].environment) if RunEnvironmentInfo in test else {}
    if emulator(ctx, goarch):
        # rules_go's wrapper starts the test binary once more by itself, which the
        # kernel cannot do for a foreign one.
        environment["GO_TEST_WRAP"] = "0"
    return [
        DefaultInfo(executable = out, runfiles = runfiles),
        RunEnvironmentInfo(
            environment = environment,
            inherited_environment = test[RunEnvironmentInfo].inherited_environment if RunEnvironmentInfo in test else [],
        ),
    ]

platform_test = rule(
    implementation = _platform_test_impl,
    doc = "Runs a go_test of one platform, under an emulator where that is foreign.",
    test = True,
    attrs = LAUNCHER_ATTRS | {
        "platforms": attr.label_list(
            doc = "The one platform.",
            mandatory = True,
            providers = [platform_common.PlatformInfo],
        ),
        "test": attr.label(
            doc = "The go_test.",
            mandatory = True,
            cfg = platforms_transition,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    toolchains = LAUNCHER_TOOLCHAINS,
)
