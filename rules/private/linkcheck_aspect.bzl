"""The aspect that checks what go_binary and the rules of this module build."""

load("//rules:providers.bzl", "Go3sBinaryInfo", "LinkcheckReportsInfo")
load(":check.bzl", "EXEC_GROUPS", "check_action", "packages_action", "verdict_action")
load(":display.bzl", "display")
load(":rules_go_compat.bzl", "GO_TOOLCHAIN", "go_linux_executable")

visibility("//rules/...")

_DEFAULT_POLICY = Label("//rules:linkcheck_policy.json")

# Attributes of filegroups, test suites and packaging rules, and what the rules of this module wrap.
_ATTRS = ["srcs", "data", "tests", "actual"]

def _below(rule_attr):
    """Returns the reports of the targets in _ATTRS."""
    found = []
    for name in _ATTRS:
        value = getattr(rule_attr, name, None)
        for target in value if type(value) == "list" else [value]:
            if type(target) == "Target" and LinkcheckReportsInfo in target:
                found.append(target[LinkcheckReportsInfo])
    return found

def _linkcheck_aspect_impl(target, ctx):
    groups = {}
    reports = []
    verdicts = []
    below = _below(ctx.rule.attr)
    executable = go_linux_executable(target)
    if Go3sBinaryInfo in target:
        # They have these actions already.
        outputs = target[OutputGroupInfo]
        reports = outputs.linkcheck_report.to_list()
        verdicts = outputs._validation.to_list()
    elif executable and ctx.rule.kind == "go_binary":
        report = ctx.actions.declare_file(ctx.label.name + ".linkcheck.json")
        verdict = ctx.actions.declare_file(ctx.label.name + ".linkcheck.passed")
        packages = None
        toolchain = ctx.toolchains[GO_TOOLCHAIN]
        if toolchain and ctx.file._policy.owner != _DEFAULT_POLICY:
            packages = ctx.actions.declare_file(ctx.label.name + ".packages.json")
            packages_action(ctx, executable.archives, toolchain.sdk.package_list, packages)
        check_action(
            ctx,
            executable.file,
            report,
            profile = None,
            goarch = executable.goarch,
            policy = ctx.file._policy,
            size_budget = "",
            label = display(ctx.label),
            packages = packages,
        )
        verdict_action(ctx, [report], verdict, label = display(ctx.label))
        reports = [report]
        verdicts = [verdict]
        groups["linkcheck_report"] = depset(reports)
    info = LinkcheckReportsInfo(
        reports = depset(reports, transitive = [b.reports for b in below]),
        verdicts = depset(verdicts, transitive = [b.verdicts for b in below]),
    )
    return [info, OutputGroupInfo(_validation = info.verdicts, **groups)]

linkcheck_aspect = aspect(
    implementation = _linkcheck_aspect_impl,
    doc = """Checks the executables of a target, and of those in its `srcs`, `data`, `tests` and `actual`.

Reports are in the output group `linkcheck_report`, findings that are errors fail the build.
Programs that cgo, c-shared or another system's linker makes are not left out: a `go_binary` for Linux is checked
whatever its attributes say; one for another system, or one that is a library, is not.""",
    attr_aspects = _ATTRS,
    attrs = {
        "_policy": attr.label(
            default = "//rules:linkcheck_policy",
            allow_single_file = [".json"],
        ),
    },
    exec_groups = EXEC_GROUPS,
    # For the names of the standard library's packages; most targets are no Go.
    toolchains = [config_common.toolchain_type(GO_TOOLCHAIN, mandatory = False)],
    provides = [LinkcheckReportsInfo],
)
