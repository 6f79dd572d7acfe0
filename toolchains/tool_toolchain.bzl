"""What the toolchain types of this module's own tools have in common."""

load("//toolchains/fips:settings.bzl", "no_fips_transition")
load(":target_platform.bzl", "TargetPlatformInfo")

visibility("//toolchains/...")

def tool_toolchain(field, info):
    """Makes the rule that declares a tool for `toolchain()`.

    Args:
      field: string: the field of ToolchainInfo that holds the tool's provider.
      info: the provider; it has the one field `tool`.
    Returns:
      rule: its attribute `tool` is the executable, from source or prebuilt. It is the only file that actions get: with its runfiles,
      which are itself, each action would have four copies of it among its inputs. A second field of ToolchainInfo, `exec_platform`, is
      the Label of the platform that the tool is for.
    """

    def _impl(ctx):
        return [platform_common.ToolchainInfo(
            exec_platform = ctx.attr._exec_platform[TargetPlatformInfo].label,
            **{field: info(tool = ctx.executable.tool)}
        )]

    return rule(
        implementation = _impl,
        cfg = no_fips_transition,
        doc = ("Declares a {0} tool, from source or prebuilt, for a `toolchain()` of type " +
               "`@rules_go3s//toolchains:{0}_toolchain_type`.").format(field),
        attrs = {
            "tool": attr.label(
                doc = "The executable, one file that needs no other.",
                mandatory = True,
                executable = True,
                allow_single_file = True,
                cfg = "exec",
            ),
            "_exec_platform": attr.label(
                default = "//toolchains:target_platform",
                providers = [TargetPlatformInfo],
                cfg = "exec",
            ),
            "_allowlist_function_transition": attr.label(
                default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
            ),
        },
    )
