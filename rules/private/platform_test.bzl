"""A go_test, linked for one platform and run on the execution platform."""

load("//toolchains/fips:modules.bzl", "fips_names")
load(":display.bzl", "output_path")
load(":launcher.bzl", "LAUNCHER_ATTRS", "LAUNCHER_TOOLCHAINS", "is_native", "launcher")
load(":providers.bzl", "Go3sLinkInfo")
load(":transition.bzl", "platforms_transition")

visibility("//rules/...")

def _platform_test_impl(ctx):
    link = ctx.split_attr.link.values()[0][Go3sLinkInfo]
    out = ctx.actions.declare_file(output_path(ctx.label.name, ctx.label.name))
    runfiles = launcher(ctx, out, link.linked.file, link.goarch, link.runfiles)

    environment = dict(link.environment.environment)
    if not is_native(ctx, link.goarch):
        # rules_go's wrapper starts the test binary once more by itself, which the
        # kernel cannot do for a foreign one.
        environment["GO_TEST_WRAP"] = "0"
    providers = [
        DefaultInfo(executable = out, runfiles = runfiles),
        RunEnvironmentInfo(
            environment = environment,
            inherited_environment = link.environment.inherited_environment,
        ),
    ]
    if link.instrumented:
        providers.append(link.instrumented)
    return providers

platform_test = rule(
    implementation = _platform_test_impl,
    doc = "Runs the tests of one platform, under an emulator where that is foreign.",
    test = True,
    attrs = LAUNCHER_ATTRS | {
        "fips": attr.string(
            doc = "FIPS 140-3 module; empty for none.",
            values = [""] + fips_names(),
        ),
        "link": attr.label(
            doc = "A go3s_link of a go_test.",
            mandatory = True,
            providers = [Go3sLinkInfo],
            cfg = platforms_transition,
        ),
        "platforms": attr.label_list(
            doc = "The one platform.",
            mandatory = True,
            providers = [platform_common.PlatformInfo],
        ),
        # Bazel merges what the tests write into COVERAGE_DIR where a rule has this attribute.
        "_lcov_merger": attr.label(
            default = configuration_field(fragment = "coverage", name = "output_generator"),
            cfg = "exec",
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    fragments = ["coverage"],
    toolchains = LAUNCHER_TOOLCHAINS,
)
