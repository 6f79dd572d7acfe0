"""The toolchain type of linkcheck, the tool that checks an ELF executable against a policy."""

LinkcheckInfo = provider(
    doc = "The linkcheck tool, built for the execution platform.",
    fields = {
        "tool": "FilesToRunProvider: the linkcheck executable.",
    },
)

LINKCHECK_TOOLCHAIN = Label("//toolchains:linkcheck_toolchain_type")

def _linkcheck_toolchain_impl(ctx):
    return [platform_common.ToolchainInfo(
        linkcheck = LinkcheckInfo(tool = ctx.attr.tool[DefaultInfo].files_to_run),
    )]

linkcheck_toolchain = rule(
    implementation = _linkcheck_toolchain_impl,
    doc = "Declares a linkcheck tool, from source or prebuilt, for `toolchain(toolchain_type = \"@rules_go3s//toolchains:linkcheck_toolchain_type\")`.",
    attrs = {
        "tool": attr.label(
            doc = "The executable.",
            mandatory = True,
            executable = True,
            cfg = "exec",
        ),
    },
)
