"""Stub of the rule that Gazelle puts into the repository of every Go module."""

def package_metadata(name, visibility = None, **_):
    """Declares an empty target in place of the metadata.

    Args:
        name: the target's name.
        visibility: the target's visibility.
        **_: the metadata, which the air-gap mode does not provide.
    """
    native.filegroup(
        name = name,
        # Gazelle makes this target the default of this very attribute in its whole
        # repository: without an own value it would depend on itself.
        applicable_licenses = [],
        visibility = visibility,
    )
