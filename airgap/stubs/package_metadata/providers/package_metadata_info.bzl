"""What package_metadata provides."""

PackageMetadataInfo = provider(
    doc = "Which package a target belongs to, and what is known of it.",
    fields = {
        "files": "depset of File: `metadata`, and the files of its attributes.",
        "metadata": "File: a JSON object with the label of the package_metadata target, the package URL (`purl`), and `attributes`, " +
                    "from the kind of each to the path of its file.",
    },
)
