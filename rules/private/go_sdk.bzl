"""What the actions of all programs read of a Go SDK, made once for each SDK, in the configuration of tools."""

load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load("//toolchains/fips:settings.bzl", "no_fips_transition")
load(":args.bzl", "tool_args")
load(":providers.bzl", "Go3sSdkInfo")
load(":rules_go_compat.bzl", "GO_TOOLCHAIN", "go_sdk_files")

visibility("//rules/...")

_EXEC_GROUP = "go3s_sdk"

# The attribute of rules that need the provider.
GO_SDK_ATTRS = {
    "_go_sdk": attr.label(
        default = "//rules/private:go_sdk",
        cfg = "exec",
        providers = [Go3sSdkInfo],
    ),
}

def go_sdk_info(ctx, version):
    """Returns the Go3sSdkInfo of the SDK that a program was compiled by.

    Args:
      ctx: context of a rule with GO_SDK_ATTRS.
      version: string: version of that SDK.
    Returns:
      Go3sSdkInfo. Fails if tools are built by another SDK than programs: it would be about that one.
    """
    info = ctx.attr._go_sdk[Go3sSdkInfo]
    if info.version != version:
        fail("\n{}: it was compiled by Go {}, and the SDK for tools is of Go {}: register one SDK for both".format(
            ctx.label,
            version,
            info.version,
        ))
    return info

def _go_sdk_impl(ctx):
    sdk = go_sdk_files(ctx)
    if not sdk.version:
        fail("\n{}: the Go SDK has no version: give its rule one".format(ctx.label))
    tool = ctx.exec_groups[_EXEC_GROUP].toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool

    verdict = ctx.actions.declare_file(ctx.label.name + ".sdkcheck.json")
    args = tool_args(ctx)
    args.add("--go-version=go" + sdk.version)
    args.add("--format", "json")
    args.add("--report-only")
    args.add("-o", verdict)
    args.add(sdk.root)
    ctx.actions.run(
        executable = tool,
        arguments = ["sdkcheck", args],
        inputs = sdk.sources,
        outputs = [verdict],
        mnemonic = "Go3sSdkCheck",
        progress_message = "Checking the sources of Go " + sdk.version,
        exec_group = _EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )

    # It takes seconds, and runs only if programs are compared. The go command is for an SDK of another series than the one that
    # made linkcheck.
    std_table = ctx.actions.declare_file(ctx.label.name + ".std.txt")
    args = tool_args(ctx)
    args.add("--go-version=go" + sdk.version)
    args.add("-o", std_table)
    args.add(sdk.root)
    ctx.actions.run(
        executable = tool,
        arguments = ["stdtable", args],
        inputs = depset(sdk.sources + [sdk.go], transitive = [sdk.tools, sdk.headers]),
        outputs = [std_table],
        mnemonic = "Go3sStdTable",
        progress_message = "Reading what depends on the architecture in the standard library of Go " + sdk.version,
        exec_group = _EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
    return [Go3sSdkInfo(
        version = sdk.version,
        root = sdk.root,
        godebug = sdk.godebug,
        verdict = verdict,
        std_table = std_table,
    )]

go3s_go_sdk = rule(
    implementation = _go_sdk_impl,
    cfg = no_fips_transition,  # an SDK with a frozen module is made of this one
    doc = "Checks and reads the sources of the Go SDK.",
    attrs = {
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    exec_groups = {
        _EXEC_GROUP: exec_group(toolchains = [LINKCHECK_TOOLCHAIN]),
    },
    toolchains = [GO_TOOLCHAIN],
    provides = [Go3sSdkInfo],
)
