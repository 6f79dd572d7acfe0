"""What platform a configuration is for."""

visibility("//toolchains/...")

TargetPlatformInfo = provider(
    doc = "The target platform.",
    fields = {
        "label": "Label: that of the platform.",
    },
)

target_platform = rule(
    implementation = lambda ctx: [TargetPlatformInfo(label = ctx.fragments.platform.platform)],
    doc = "Says what the target platform of its configuration is.",
    fragments = ["platform"],
)
