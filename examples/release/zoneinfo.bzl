"""The time zones of the Go SDK, lib/time/zoneinfo.zip, for image_tzdata: no target of rules_go has them."""

load("@go_host_compatible_sdk_label//:defs.bzl", "HOST_COMPATIBLE_SDK")

visibility("public")

def _zoneinfo_repository_impl(rctx):
    root = rctx.path(HOST_COMPATIBLE_SDK.same_package_label("ROOT")).dirname
    rctx.symlink(root.get_child("lib").get_child("time").get_child("zoneinfo.zip"), "zoneinfo.zip")
    rctx.file("BUILD.bazel", """exports_files(["zoneinfo.zip"])\n""")

zoneinfo_repository = repository_rule(
    implementation = _zoneinfo_repository_impl,
    doc = "`//:zoneinfo.zip` is the file of the SDK that programs are built with.",
)

def _zoneinfo_impl(mctx):
    zoneinfo_repository(name = "zoneinfo")
    return mctx.extension_metadata(reproducible = True)

zoneinfo = module_extension(
    implementation = _zoneinfo_impl,
    doc = "Makes `@zoneinfo`.",
)
