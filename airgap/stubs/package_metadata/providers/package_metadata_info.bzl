"""What package_metadata provides."""

PackageMetadataInfo = provider(
    doc = "Which package a target belongs to.",
    fields = {
        "files": "depset of File: metadata.",
        "metadata": "File: a JSON object with the label of the package_metadata target and the package URL (`purl`).",
    },
)
