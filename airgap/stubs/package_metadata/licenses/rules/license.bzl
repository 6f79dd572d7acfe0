"""The rule that says under which licence a package is."""

load("//licenses/providers:license_kind_info.bzl", "LicenseKindInfo")
load("//providers:package_attribute_info.bzl", "PackageAttributeInfo")

def _license_impl(ctx):
    kind = ctx.attr.kind[LicenseKindInfo]
    content = {
        "kind": {"identifier": kind.identifier, "name": kind.name},
        "label": str(ctx.label),
    }
    files = []
    if ctx.file.text:
        content["text"] = ctx.file.text.path
        files.append(ctx.file.text)
    file = ctx.actions.declare_file(ctx.label.name + ".package-attribute.json")
    ctx.actions.write(file, json.encode(content))
    return [
        DefaultInfo(files = depset([file])),
        PackageAttributeInfo(
            attributes = file,
            files = depset([file] + files),
            kind = "build.bazel.attribute.license",
        ),
    ]

_license = rule(
    implementation = _license_impl,
    attrs = {
        "kind": attr.label(mandatory = True, providers = [LicenseKindInfo]),
        "text": attr.label(allow_single_file = True),
    },
    provides = [PackageAttributeInfo],
)

def license(name, kind, text = None, visibility = None):
    """Says under which licence a package is, for `attributes` of package_metadata.

    Args:
        name: the target's name.
        kind: label of a license_kind, such as `@package_metadata//licenses/spdx:MIT`.
        text: label of the file with the licence's text.
        visibility: the target's visibility.
    """
    _license(
        name = name,
        kind = kind,
        text = text,
        applicable_licenses = [],
        visibility = visibility,
    )
