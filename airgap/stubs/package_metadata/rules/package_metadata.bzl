"""The rule that Gazelle puts into the repository of every Go module."""

load("//providers:package_attribute_info.bzl", "PackageAttributeInfo")
load("//providers:package_metadata_info.bzl", "PackageMetadataInfo")

def _package_metadata_impl(ctx):
    attributes = [attribute[PackageAttributeInfo] for attribute in ctx.attr.attributes]
    file = ctx.actions.declare_file(ctx.label.name + ".package-metadata.json")
    ctx.actions.write(file, json.encode({
        "attributes": {attribute.kind: attribute.attributes.path for attribute in attributes},
        "label": str(ctx.label),
        "purl": ctx.attr.purl,
    }))
    return [
        DefaultInfo(files = depset([file])),
        PackageMetadataInfo(
            files = depset([file], transitive = [attribute.files for attribute in attributes]),
            metadata = file,
        ),
    ]

_package_metadata = rule(
    implementation = _package_metadata_impl,
    attrs = {
        "attributes": attr.label_list(providers = [PackageAttributeInfo]),
        "purl": attr.string(mandatory = True),
    },
    provides = [PackageMetadataInfo],
)

def package_metadata(name, purl, attributes = [], visibility = None, tags = None):
    """Declares which package the targets are of that name this one in `package_metadata`.

    Args:
        name: the target's name.
        purl: package URL, such as `pkg:golang/example.com/module@v1.2.3`.
        attributes: labels of what else is known of the package, such as a `license`.
        visibility: the target's visibility.
        tags: the target's tags.
    """
    _package_metadata(
        name = name,
        purl = purl,
        attributes = attributes,
        # Gazelle makes this target the default of this very attribute in its whole
        # repository: without an own value it would depend on itself.
        applicable_licenses = [],
        tags = tags,
        visibility = visibility,
    )
