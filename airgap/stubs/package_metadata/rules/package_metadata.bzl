"""The rule that Gazelle puts into the repository of every Go module."""

load("//providers:package_metadata_info.bzl", "PackageMetadataInfo")

def _package_metadata_impl(ctx):
    file = ctx.actions.declare_file(ctx.label.name + ".package-metadata.json")
    ctx.actions.write(file, json.encode({"label": str(ctx.label), "purl": ctx.attr.purl}))
    files = depset([file])
    return [
        DefaultInfo(files = files),
        PackageMetadataInfo(files = files, metadata = file),
    ]

_package_metadata = rule(
    implementation = _package_metadata_impl,
    attrs = {"purl": attr.string(mandatory = True)},
    provides = [PackageMetadataInfo],
)

def package_metadata(name, purl, visibility = None, **_):
    """Declares which package the targets are of that name this one in `package_metadata`.

    Args:
        name: the target's name.
        purl: package URL, such as `pkg:golang/example.com/module@v1.2.3`.
        visibility: the target's visibility.
        **_: further metadata, which the air-gap mode does not provide.
    """
    _package_metadata(
        name = name,
        purl = purl,
        # Gazelle makes this target the default of this very attribute in its whole
        # repository: without an own value it would depend on itself.
        applicable_licenses = [],
        visibility = visibility,
    )
