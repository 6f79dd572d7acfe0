"""Module extension that makes Go SDKs with frozen FIPS 140-3 modules. Nothing of it runs before a target asks for one."""

load(":modules.bzl", "FIPS_MODULES", "fips_sdk_name")
load(":sdk.bzl", "fips_sdk")

def _fips_impl(module_ctx):
    for version in FIPS_MODULES:
        fips_sdk(
            name = fips_sdk_name(version),
            version = version,
        )
    return module_ctx.extension_metadata(reproducible = True)

fips = module_extension(
    implementation = _fips_impl,
    doc = "Makes `@rules_go3s_fips_<version>` for each frozen module: the Go SDK with its packages.",
)
