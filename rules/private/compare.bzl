"""Go3sCompare: finds what differs between one program's files for several architectures.

As with Go3sCheck, the report is written whatever it says; with `compare = "strict"` it is among those that Go3sVerdict
judges. The files are the linker's, before they are stripped: stripping is the same for all of them, and takes away what
tells strings and data apart.
"""

load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":check.bzl", "EXEC_GROUP")

visibility("//rules/...")

def compare_action(ctx, linked, sdk, report, policy, label, unverified_go = None):
    """Registers the action that compares linked files.

    Args:
      ctx: context of a rule that has check.bzl's EXEC_GROUPS.
      linked: list of Files: executables with symbols, each for another GOARCH.
      sdk: Go3sSdkInfo of the SDK that they were compiled by.
      report: File: JSON report to write.
      policy: File: policy file, whose allowances accept differences, or None.
      label: string: the name of the program in the report.
      unverified_go: string: `refuse` or `warn`, what to do about a Go release that nobody knows; None for `refuse`.
    """
    args = tool_args(ctx)
    if policy:
        args.add("--policy", policy)
    if unverified_go:
        args.add(unverified_go, format = "--unverified-go=%s")
    args.add("--std-table", sdk.std_table)
    args.add("--format", "json")
    args.add("--report-only")
    args.add(label, format = "--name=%s")
    args.add("-o", report)
    args.add_all(linked)
    ctx.actions.run(
        executable = ctx.exec_groups[EXEC_GROUP].toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool,
        arguments = ["compare", args],
        inputs = linked + [sdk.std_table] + ([policy] if policy else []),
        outputs = [report],
        mnemonic = "Go3sCompare",
        progress_message = "Comparing the builds of " + label,
        exec_group = EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
