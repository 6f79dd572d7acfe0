"""The toolchain type of golink, the tool that links a Go main package into an ELF executable."""

GolinkInfo = provider(
    doc = "The golink tool, built for the execution platform.",
    fields = {
        "tool": "FilesToRunProvider: the golink executable.",
    },
)

GOLINK_TOOLCHAIN = Label("//toolchains:golink_toolchain_type")

def _golink_toolchain_impl(ctx):
    return [platform_common.ToolchainInfo(
        golink = GolinkInfo(tool = ctx.attr.tool[DefaultInfo].files_to_run),
    )]

golink_toolchain = rule(
    implementation = _golink_toolchain_impl,
    doc = "Declares a golink tool, from source or prebuilt, for `toolchain(toolchain_type = \"@rules_go3s//toolchains:golink_toolchain_type\")`.",
    attrs = {
        "tool": attr.label(
            doc = "The executable.",
            mandatory = True,
            executable = True,
            cfg = "exec",
        ),
    },
)
