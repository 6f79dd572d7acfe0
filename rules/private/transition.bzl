"""The configuration that programs are compiled and linked in."""

load("//toolchains/fips:modules.bzl", "fips_version")
load("//toolchains/fips:settings.bzl", "FIPS_SETTINGS", "fips_settings")
load(":rules_go_compat.bzl", "GO_SETTINGS")

visibility("//rules/...")

_PLATFORMS = "//command_line_option:platforms"

def _platforms_transition_impl(settings, attr):
    # One configuration for each platform; without `platforms` the one of the
    # command line. Whatever else asks for the same platform shares its
    # standard library, so nothing here depends on the target but the FIPS 140-3
    # module, which is part of the standard library.
    common = GO_SETTINGS | fips_settings(settings, fips_version(attr.fips))
    if not attr.platforms:
        return {"": {_PLATFORMS: settings[_PLATFORMS]} | common}

    # The keys are positions: the rule sees what an alias names, and not the alias itself.
    return {
        str(i): {_PLATFORMS: str(platform)} | common
        for i, platform in enumerate(attr.platforms)
    }

platforms_transition = transition(
    implementation = _platforms_transition_impl,
    inputs = [_PLATFORMS] + FIPS_SETTINGS,
    outputs = [_PLATFORMS] + GO_SETTINGS.keys() + FIPS_SETTINGS,
)
