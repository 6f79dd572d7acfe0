"""Looks at a Go binary and below it for what its providers do not tell."""

load("@package_metadata//providers:package_metadata_info.bzl", "PackageMetadataInfo")
load("@rules_license//rules:providers.bzl", "LicenseInfo")
load(":display.bzl", "display")
load(
    ":rules_go_compat.bzl",
    "GO_TOOLCHAIN",
    "go_archive",
    "go_may_use_cgo",
    "go_program_context",
    "go_sources",
    "go_test_x_defs",
)

visibility("//rules/...")

GoBinaryAspectInfo = provider(
    doc = "What the aspect found.",
    fields = {
        "cgo_packages": "depset of struct(importmap, sources), sources a tuple of File: packages that may have files which import C.",
        "gc_linkopts": "list of string: the target's gc_linkopts.",
        "declared_licenses": "depset of struct, as `declared_licenses` of Go3sVariantInfo says.",
        "location_targets": "list of Target: what $(location) in x_defs of the target can name.",
        "directory": "string: the directory of a program in the Go module of its metadata; None for others and where that is not known.",
        "main_metadata": "File: package metadata of the Go module that the target's own sources come from; None where there is none.",
        "metadata": "depset of struct(importmap, file): the same of each package below it that has some.",
        "own_metadata": "struct(importmap, file): main_metadata as an element of `metadata`; None where there is none.",
        "program": "what go_program_context returned of the target.",
        "test_sources": "list of File: what a go_test compiles, the package's files before those of its tests; empty for others.",
        "x_defs": "dict of string to string: what linking a go_test sets by itself.",
    },
)

def _metadata_targets(attr):
    """Returns what declares metadata of a target: Bazel 8 has another name for the attribute."""
    return getattr(attr, "package_metadata", None) or getattr(attr, "applicable_licenses", None) or []

def _licenses(target, attr):
    """Returns the licences that a Go package declares, as elements of `declared_licenses`.

    Kinds of rules_license's package `licenses/generic` are classes of licences, and name none: the text says which it is.
    """
    archive = go_archive(target)
    if not archive:
        return []
    out = []
    package = archive.data.importpath
    targets = _metadata_targets(attr)
    module = [m for m in targets if PackageMetadataInfo in m][:1]
    metadata = tuple([m[PackageMetadataInfo].metadata for m in module])
    for m in [m for m in targets if LicenseInfo in m]:
        info = m[LicenseInfo]
        kinds = [kind.name for kind in info.license_kinds if "//licenses/generic:" not in str(kind.label)]
        text = info.license_text if type(info.license_text) == "File" else None
        out.append(struct(package = package, label = display(m.label), kinds = tuple(kinds), text = text, metadata = metadata))
    for m in module:
        attributes = tuple([file for file in m[PackageMetadataInfo].files.to_list() if file not in metadata])
        if attributes:
            out.append(struct(package = package, label = display(m.label), kinds = (), text = None, metadata = metadata + attributes))
    return out

def _metadata(target, attr):
    """Returns the package metadata of a target, and its directory below the package that declares it.

    Gazelle makes it the default of the repository that it makes of a Go module: a JSON file with the module's path, version and,
    since 0.54, sum in a package URL. A workspace may do the same for its own module, beside its go.mod.

    Args:
      target: the Target.
      attr: its attributes (ctx.rule.attr).
    Returns:
      struct(file, directory), directory None where the target is elsewhere; None if it has no metadata.
    """
    for m in [m for m in _metadata_targets(attr) if PackageMetadataInfo in m]:
        root, package = m.label.package, target.label.package
        directory = None
        if m.label.repo_name == target.label.repo_name and (not root or (package + "/").startswith(root + "/")):
            directory = package[len(root):].removeprefix("/")
        return struct(file = m[PackageMetadataInfo].metadata, directory = directory)
    return None

def _cgo_packages(target, attr):
    """Returns the target itself as an element of `cgo_packages`, or nothing."""
    if not go_may_use_cgo(target, attr):
        return []
    return [struct(importmap = go_archive(target).data.importmap, sources = tuple(go_sources(target)))]

def _test_sources(ctx):
    """Returns the sources of a go_test, of which its GoArchive has only the generated main package."""
    files = ctx.rule.files.srcs + [file for dep in ctx.rule.attr.embed for file in go_sources(dep)]
    return sorted(files, key = lambda file: file.basename.endswith("_test.go"))

def _binary_aspect_impl(target, ctx):
    attr = ctx.rule.attr
    embed = getattr(attr, "embed", [])
    embedded = [dep[GoBinaryAspectInfo] for dep in embed if GoBinaryAspectInfo in dep]
    deps = [dep[GoBinaryAspectInfo] for dep in getattr(attr, "deps", []) if GoBinaryAspectInfo in dep]
    below = embedded + deps

    # The sources of a library that is embedded are the target's.
    own = _metadata(target, attr)
    metadata = ([own.file if own else None] + [info.main_metadata for info in embedded if info.main_metadata])[-1]
    archive = go_archive(target)
    is_test = ctx.rule.kind == "go_test"
    return [GoBinaryAspectInfo(
        cgo_packages = depset(_cgo_packages(target, attr), transitive = [info.cgo_packages for info in below]),
        directory = own.directory if own and not is_test else None,
        gc_linkopts = getattr(attr, "gc_linkopts", []),
        declared_licenses = depset(_licenses(target, attr), transitive = [info.declared_licenses for info in below]),
        location_targets = [
            dep
            for name in ["srcs", "data", "embedsrcs", "deps"]
            for dep in getattr(attr, name, [])
            if type(dep) == "Target"
        ],
        main_metadata = metadata,
        metadata = depset(
            [info.own_metadata for info in deps if info.own_metadata],
            transitive = [info.metadata for info in below],
        ),
        own_metadata = struct(importmap = archive.data.importmap, file = metadata) if archive and metadata else None,
        program = go_program_context(ctx, target, attr),
        test_sources = _test_sources(ctx) if is_test else [],
        x_defs = go_test_x_defs(target.label, attr.rundir) if is_test else {},
    )]

binary_aspect = aspect(
    implementation = _binary_aspect_impl,
    attr_aspects = ["deps", "embed"],
    doc = "Finds out what linking a Go binary takes besides its GoArchive.",
    toolchains = [GO_TOOLCHAIN],
)
