"""What a kind of licence provides."""

LicenseKindInfo = provider(
    doc = "One licence, whoever uses it.",
    fields = {
        "identifier": "string: SPDX identifier, or a name of one's own.",
        "name": "string: name for people.",
    },
)
