"""The toolchain type of go3s-release, the tool that makes, checks and publishes releases."""

load(":tool_toolchain.bzl", "tool_toolchain")

RELEASE_TOOLCHAIN = Label("//toolchains:release_toolchain_type")

ReleaseToolInfo = provider(
    doc = "The go3s-release tool, built for the execution platform.",
    fields = {
        "tool": "File: the go3s-release executable.",
    },
)

release_toolchain = tool_toolchain("release", ReleaseToolInfo)
