"""The toolchain type of elfstrip, the tool that removes from an ELF executable what it does not need at run time."""

ElfstripInfo = provider(
    doc = "The elfstrip tool, built for the execution platform.",
    fields = {
        "tool": "FilesToRunProvider: the elfstrip executable.",
    },
)

ELFSTRIP_TOOLCHAIN = Label("//toolchains:elfstrip_toolchain_type")

def _elfstrip_toolchain_impl(ctx):
    return [platform_common.ToolchainInfo(
        elfstrip = ElfstripInfo(tool = ctx.attr.tool[DefaultInfo].files_to_run),
    )]

elfstrip_toolchain = rule(
    implementation = _elfstrip_toolchain_impl,
    doc = "Declares a elfstrip tool, from source or prebuilt, for `toolchain(toolchain_type = \"@rules_go3s//toolchains:elfstrip_toolchain_type\")`.",
    attrs = {
        "tool": attr.label(
            doc = "The executable.",
            mandatory = True,
            executable = True,
            cfg = "exec",
        ),
    },
)
