"""Looks at a Go binary and below it for what its providers do not tell."""

load("@rules_license//rules:providers.bzl", "PackageInfo")
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
        "location_targets": "list of Target: what $(location) in x_defs of the target can name.",
        "main_module": "string: `path@version` of the Go module that the target's own sources come from; empty where it is not known.",
        "modules": "depset of struct(importmap, module): the same of each package below it of which it is known.",
        "package_module": "struct(importmap, module): main_module as an element of `modules`; None where it is not known.",
        "program": "what go_program_context returned of the target.",
        "test_sources": "list of File: what a go_test compiles, the package's files before those of its tests; empty for others.",
        "x_defs": "dict of string to string: what linking a go_test sets by itself.",
    },
)

def _module(target, attr):
    """Returns the Go module of a target as `path@version`, empty if it is not known.

    Gazelle puts the module's path and version into the default package metadata of the repository that it makes of a
    module. Other metadata is about something else than the module: its name is no prefix of the import path.
    """
    archive = go_archive(target)
    if not archive:
        return ""
    metadata = getattr(attr, "package_metadata", None) or getattr(attr, "applicable_licenses", None) or []
    for info in [m[PackageInfo] for m in metadata if PackageInfo in m]:
        path, version = info.package_name, info.package_version
        if path and version and (archive.data.importpath + "/").startswith(path + "/"):
            return "{}@v{}".format(path, version.removeprefix("v"))
    return ""

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
    module = ([_module(target, attr)] + [info.main_module for info in embedded if info.main_module])[-1]
    is_test = ctx.rule.kind == "go_test"
    return [GoBinaryAspectInfo(
        cgo_packages = depset(_cgo_packages(target, attr), transitive = [info.cgo_packages for info in below]),
        gc_linkopts = getattr(attr, "gc_linkopts", []),
        location_targets = [
            dep
            for name in ["srcs", "data", "embedsrcs", "deps"]
            for dep in getattr(attr, name, [])
            if type(dep) == "Target"
        ],
        main_module = module,
        package_module = struct(importmap = go_archive(target).data.importmap, module = module) if module else None,
        modules = depset(
            [info.package_module for info in deps if info.package_module],
            transitive = [info.modules for info in below],
        ),
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
