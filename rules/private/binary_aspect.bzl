"""Looks below a Go binary for what its providers do not tell: who needs cgo, its link options, its modules."""

load("@rules_license//rules:providers.bzl", "PackageInfo")
load(":display.bzl", "display")
load(":rules_go_compat.bzl", "go_archive", "go_test_x_defs", "go_uses_cgo")

visibility("//rules/...")

GoBinaryAspectInfo = provider(
    doc = "What the aspect found.",
    fields = {
        "cgo_chain": "list of Label: from this target down to one that needs cgo; empty when none does.",
        "cgo_reason": "string: why the last of cgo_chain needs cgo.",
        "gc_linkopts": "list of string: the target's gc_linkopts.",
        "modules": "depset of string: `path@version` of the Go modules that the target and those below it come from.",
        "x_defs": "dict of string to string: what linking a go_test sets by itself.",
    },
)

def _modules(target, attr):
    """Returns the Go module of a target as a list of `path@version`, empty if it is not known.

    Gazelle puts the module's path and version into the default package metadata of the repository that it makes of a
    module. Other metadata is about something else than the module: its name is no prefix of the import path.
    """
    archive = go_archive(target)
    if not archive:
        return []
    metadata = getattr(attr, "package_metadata", None) or getattr(attr, "applicable_licenses", None) or []
    for info in [m[PackageInfo] for m in metadata if PackageInfo in m]:
        path, version = info.package_name, info.package_version
        if path and version and (archive.data.importpath + "/").startswith(path + "/"):
            return ["{}@v{}".format(path, version.removeprefix("v"))]
    return []

def _binary_aspect_impl(target, ctx):
    chain = []
    below = getattr(ctx.rule.attr, "embed", []) + getattr(ctx.rule.attr, "deps", [])
    reason = go_uses_cgo(target, ctx.rule.attr)
    if reason:
        chain = [target.label]
    else:
        for dep in below:
            if GoBinaryAspectInfo in dep and dep[GoBinaryAspectInfo].cgo_chain:
                chain = [target.label] + dep[GoBinaryAspectInfo].cgo_chain
                reason = dep[GoBinaryAspectInfo].cgo_reason
                break
    return [GoBinaryAspectInfo(
        cgo_chain = chain,
        cgo_reason = reason,
        gc_linkopts = getattr(ctx.rule.attr, "gc_linkopts", []),
        modules = depset(
            _modules(target, ctx.rule.attr),
            transitive = [dep[GoBinaryAspectInfo].modules for dep in below if GoBinaryAspectInfo in dep],
        ),
        x_defs = go_test_x_defs(target.label, ctx.rule.attr.rundir) if ctx.rule.kind == "go_test" else {},
    )]

binary_aspect = aspect(
    implementation = _binary_aspect_impl,
    attr_aspects = ["deps", "embed"],
    doc = "Finds the shortest-by-order chain from a Go binary to a target that needs cgo, and the modules below it.",
)

def cgo_problem(info):
    """Words the chain that leads to cgo.

    Args:
      info: GoBinaryAspectInfo.
    Returns:
      string: what was found and what to do; None if nothing needs cgo.
    """
    if not info.cgo_chain:
        return None
    return "it needs cgo, and so a libc, through\n    {}   ({})\n{}".format(
        "\n    -> ".join([display(label) for label in info.cgo_chain]),
        info.cgo_reason,
        "Remove that dependency or replace it by one in pure Go.",
    )
