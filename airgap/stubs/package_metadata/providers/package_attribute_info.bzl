"""What an attribute of package_metadata provides."""

PackageAttributeInfo = provider(
    doc = "One thing that is known of a package, such as its licence.",
    fields = {
        "attributes": "File: a JSON object, of which `kind` gives the format.",
        "files": "depset of File: that file, and those that it names.",
        "kind": "string: what it is about, such as `build.bazel.attribute.license`.",
    },
)
