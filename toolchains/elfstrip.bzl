"""The toolchain type of elfstrip, the tool that removes from an ELF executable what it does not need at run time."""

load(":tool_toolchain.bzl", "tool_toolchain")

ELFSTRIP_TOOLCHAIN = Label("//toolchains:elfstrip_toolchain_type")

ElfstripInfo = provider(
    doc = "The elfstrip tool, built for the execution platform.",
    fields = {
        "tool": "File: the elfstrip executable.",
    },
)

elfstrip_toolchain = tool_toolchain("elfstrip", ElfstripInfo)
