"""The toolchain type of elfsign, the tool that signs an ELF executable."""

load(":tool_toolchain.bzl", "tool_toolchain")

ELFSIGN_TOOLCHAIN = Label("//toolchains:elfsign_toolchain_type")

ElfsignInfo = provider(
    doc = "The elfsign tool, built for the execution platform.",
    fields = {
        "tool": "File: the elfsign executable.",
    },
)

elfsign_toolchain = tool_toolchain("elfsign", ElfsignInfo)
