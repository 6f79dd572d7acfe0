"""The rule that makes one report of those on all programs of a tree."""

load("//rules:providers.bzl", "LinkcheckReportsInfo")
load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":display.bzl", "display")
load(":linkcheck_aspect.bzl", "linkcheck_aspect")

visibility("//rules/...")

def _linkcheck_report_impl(ctx):
    reports = depset(transitive = [target[LinkcheckReportsInfo].reports for target in ctx.attr.targets])
    if not reports.to_list():
        fail("\n{}: targets: no program of go_binary or of this module is among them or in their srcs, data and tests".format(display(ctx.label)))
    out = ctx.actions.declare_file(ctx.label.name + {"sarif": ".sarif", "json": ".json"}[ctx.attr.format])
    args = tool_args(ctx)
    args.add("--report-only")
    args.add(ctx.attr.format, format = "--format=%s")
    args.add("-o", out)
    args.add_all(reports)
    ctx.actions.run(
        executable = ctx.toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool,
        arguments = ["merge", args],
        inputs = reports,
        outputs = [out],
        mnemonic = "Go3sReport",
        progress_message = "Merging reports into %{output}",
        execution_requirements = {"supports-path-mapping": "1"},
        toolchain = LINKCHECK_TOOLCHAIN,
    )
    return [DefaultInfo(files = depset([out]))]

linkcheck_report = rule(
    implementation = _linkcheck_report_impl,
    doc = """Merges linkcheck's reports on all programs of a tree into one file.

It never fails for what is in the reports: the programs' own validation does, and
`linkcheck verdict` on a merged JSON report.""",
    attrs = {
        "format": attr.string(
            doc = "`sarif` (SARIF 2.1.0, for code scanning services) or `json`.",
            default = "sarif",
            values = ["sarif", "json"],
        ),
        "targets": attr.label_list(
            doc = "Programs, or filegroups, packages and test suites that hold programs.",
            mandatory = True,
            allow_files = True,
            aspects = [linkcheck_aspect],
        ),
    },
    toolchains = [LINKCHECK_TOOLCHAIN],
)
