"""The toolchain type of linkcheck, the tool that checks an ELF executable against a policy."""

load(":tool_toolchain.bzl", "tool_toolchain")

LINKCHECK_TOOLCHAIN = Label("//toolchains:linkcheck_toolchain_type")

LinkcheckInfo = provider(
    doc = "The linkcheck tool, built for the execution platform.",
    fields = {
        "tool": "File: the linkcheck executable.",
    },
)

linkcheck_toolchain = tool_toolchain("linkcheck", LinkcheckInfo)
