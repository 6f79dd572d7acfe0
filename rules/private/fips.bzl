"""Go3sFips: which FIPS 140-3 module is in a program, and what is known of its validation."""

load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":check.bzl", "EXEC_GROUP")

visibility("//rules/...")

def fips_action(ctx, executable, symbols, report, label):
    """Registers the action that reports on the module in one executable.

    Args:
      ctx: context of a rule that has the exec group of check.bzl.
      executable: File: the ELF file, packed or not.
      symbols: File: what elfstrip --symbols-file wrote with it, or None.
      report: File: JSON report to write.
      label: string: the name of the executable in the report.
    """
    args = tool_args(ctx)
    if symbols:
        args.add("--symbols", symbols)
    args.add(label, format = "--name=%s")
    args.add("-o", report)
    args.add(executable)
    ctx.actions.run(
        executable = ctx.exec_groups[EXEC_GROUP].toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool,
        arguments = ["fips", args],
        inputs = [executable] + ([symbols] if symbols else []),
        outputs = [report],
        mnemonic = "Go3sFips",
        progress_message = "Reporting on the FIPS 140-3 module of %{input}",
        exec_group = EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
