"""The rule that names a licence."""

load("//licenses/providers:license_kind_info.bzl", "LicenseKindInfo")

def _license_kind_impl(ctx):
    return [LicenseKindInfo(identifier = ctx.attr.identifier, name = ctx.attr.full_name)]

_license_kind = rule(
    implementation = _license_kind_impl,
    attrs = {
        "full_name": attr.string(mandatory = True),
        "identifier": attr.string(mandatory = True),
    },
    provides = [LicenseKindInfo],
)

def license_kind(name, identifier, full_name, visibility = None):
    """Names a licence.

    Args:
        name: the target's name.
        identifier: SPDX identifier, or a name of one's own.
        full_name: name for people.
        visibility: the target's visibility.
    """
    _license_kind(
        name = name,
        identifier = identifier,
        full_name = full_name,
        applicable_licenses = [],
        visibility = visibility,
    )
