"""Looks below a Go binary for what its providers do not tell: who needs cgo, and its link options."""

load(":display.bzl", "display")
load(":rules_go_compat.bzl", "go_test_x_defs", "go_uses_cgo")

visibility("//rules/...")

GoBinaryAspectInfo = provider(
    doc = "What the aspect found.",
    fields = {
        "cgo_chain": "list of Label: from this target down to one that needs cgo; empty when none does.",
        "cgo_reason": "string: why the last of cgo_chain needs cgo.",
        "gc_linkopts": "list of string: the target's gc_linkopts.",
        "x_defs": "dict of string to string: what linking a go_test sets by itself.",
    },
)

def _binary_aspect_impl(target, ctx):
    chain = []
    reason = go_uses_cgo(target, ctx.rule.attr)
    if reason:
        chain = [target.label]
    else:
        below = getattr(ctx.rule.attr, "embed", []) + getattr(ctx.rule.attr, "deps", [])
        for dep in below:
            if GoBinaryAspectInfo in dep and dep[GoBinaryAspectInfo].cgo_chain:
                chain = [target.label] + dep[GoBinaryAspectInfo].cgo_chain
                reason = dep[GoBinaryAspectInfo].cgo_reason
                break
    return [GoBinaryAspectInfo(
        cgo_chain = chain,
        cgo_reason = reason,
        gc_linkopts = getattr(ctx.rule.attr, "gc_linkopts", []),
        x_defs = go_test_x_defs(target.label, ctx.rule.attr.rundir) if ctx.rule.kind == "go_test" else {},
    )]

binary_aspect = aspect(
    implementation = _binary_aspect_impl,
    attr_aspects = ["deps", "embed"],
    doc = "Finds the shortest-by-order chain from a Go binary to a target that needs cgo.",
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
