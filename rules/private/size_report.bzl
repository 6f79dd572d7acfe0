"""Go3sSizes: says what every byte of a program's executables is for, as JSON and as an HTML page."""

load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":check.bzl", "EXEC_GROUP")

visibility("//rules/...")

def measured_variant(variant):
    """Returns what size_report_action measures of a variant.

    Args:
      variant: Go3sVariantInfo.
    Returns:
      struct(name, file, named): string, the file's name in reports; File, the executable; File, the same program with names of
      functions and variables, or None.
    """
    return struct(
        name = variant.platform.name if variant.platform else "linux_" + variant.goarch,
        file = variant.executable,
        named = variant.linked,
    )

def size_report_action(ctx, programs, report, page, label):
    """Registers the action that writes the size report of all executables of a program.

    Args:
      ctx: context of a rule that has check.bzl's EXEC_GROUPS.
      programs: list of what measured_variant returns.
      report: File: JSON report to write.
      page: File: HTML page to write.
      label: string: the name of the program in the progress message.
    """
    args = tool_args(ctx)
    args.add(report, format = "--report=%s")
    args.add(page, format = "--html=%s")
    inputs = []
    for program in programs:
        if program.named:
            args.add(program.named, format = "--named={}=%s".format(program.name))
            inputs.append(program.named)
        args.add(program.file, format = program.name + "=%s")
        inputs.append(program.file)
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
