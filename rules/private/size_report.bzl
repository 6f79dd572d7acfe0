"""Go3sSizes: says what every byte of a program's executables is for, as JSON and as an HTML page."""

load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":check.bzl", "EXEC_GROUP")

visibility("//rules/...")

def size_report_action(ctx, variants, report, page, label):
    """Registers the action that writes the size report of all executables of a program.

    Args:
      ctx: context of a rule that has check.bzl's EXEC_GROUPS.
      variants: list of Go3sVariantInfo: the executables, with what the linker left, for the names of functions and variables.
      report: File: JSON report to write.
      page: File: HTML page to write.
      label: string: the name of the program in the progress message.
    """
    args = tool_args(ctx)
    args.add(report, format = "--report=%s")
    args.add(page, format = "--html=%s")
    inputs = []
    for variant in variants:
        name = variant.platform.name if variant.platform else "linux_" + variant.goarch
        args.add(variant.linked, format = "--named={}=%s".format(name))
        args.add(variant.executable, format = name + "=%s")
        inputs += [variant.linked, variant.executable]
    ctx.actions.run(
        executable = ctx.exec_groups[EXEC_GROUP].toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool,
        arguments = ["sizes", args],
        inputs = inputs,
        outputs = [report, page],
        mnemonic = "Go3sSizes",
        progress_message = "Measuring " + label,
        exec_group = EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
