"""The toolchain type of golink, the tool that links a Go main package into an ELF executable."""

load(":tool_toolchain.bzl", "tool_toolchain")

GOLINK_TOOLCHAIN = Label("//toolchains:golink_toolchain_type")

GolinkInfo = provider(
    doc = "The golink tool, built for the execution platform.",
    fields = {
        "tool": "File: the golink executable.",
    },
)

golink_toolchain = tool_toolchain("golink", GolinkInfo)
