"""The toolchain type of uki, the tool that makes what a machine boots."""

load(":tool_toolchain.bzl", "tool_toolchain")

UKI_TOOLCHAIN = Label("//toolchains:uki_toolchain_type")

UkiToolInfo = provider(
    doc = "The uki tool, built for the execution platform.",
    fields = {
        "tool": "File: the uki executable.",
    },
)

uki_toolchain = tool_toolchain("uki", UkiToolInfo)
