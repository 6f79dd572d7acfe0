"""Added to the air-gap mode's copy of Debian's bazel_features: what a newer one says of Debian's Bazel."""

load("//:debian_features.bzl", _debian = "bazel_features")

# Fields by the name of their struct.
_NEWER = {
    # Asked for by rules_go since 0.64. No Bazel 7 has the parameter.
    "rules": {"instrumented_files_info_has_baseline_coverage_files": False},
}

def _fields(value):
    return {name: getattr(value, name) for name in dir(value) if name not in ("to_json", "to_proto")}

# Where Debian's says something itself, that holds.
bazel_features = struct(**{
    name: struct(**(_NEWER[name] | _fields(value))) if name in _NEWER else value
    for name, value in _fields(_debian).items()
})
