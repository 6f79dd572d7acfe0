"""Go3sSyscalls: what a program can ask of the kernel."""

load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":check.bzl", "EXEC_GROUP")
load(":display.bzl", "output_path")

visibility("//rules/...")

def syscall_actions(ctx, name, programs, allowed, label, unverified_go = None):
    """Registers the actions that list the system calls of one executable.

    The list comes from the linked program, whose symbols tell more, and, where it is packed, from the packed one
    as well, whose unpacking code makes calls of its own. The programs are analysed once: the profile, and the verdict where calls
    are held to a list, are made of the report.

    Args:
      ctx: context of a rule that has the exec group of check.bzl.
      name: string: file name of the executable, after which the outputs are named.
      programs: list of File: the ELF files to read.
      allowed: File: list of the calls that the program may make, or None.
      label: string: the name of the executable in the outputs.
      unverified_go: string: `refuse` or `warn`, what to do about a Go release that nobody knows; None for `refuse`.

    Returns:
      A struct of Files: `report` (JSON) and `seccomp` (profile in OCI form).
    """
    report = ctx.actions.declare_file(output_path(ctx.label.name, name + ".syscalls.json"))
    args = tool_args(ctx)
    args.add("--json")
    args.add(label, format = "--name=%s")
    if unverified_go:
        args.add(unverified_go, format = "--unverified-go=%s")
    args.add("-o", report)
    args.add_all(programs)
    _run(ctx, args, programs, report, "Go3sSyscalls", "Listing system calls of %{input}")

    seccomp = ctx.actions.declare_file(output_path(ctx.label.name, name + ".seccomp.json"))
    args = tool_args(ctx)
    args.add("--seccomp")
    args.add("--report")
    if allowed:
        args.add(allowed, format = "--allowed=%s")
    args.add("-o", seccomp)
    args.add(report)
    _run(ctx, args, [report] + ([allowed] if allowed else []), seccomp, "Go3sSeccomp", "Writing seccomp profile %{output}")
    return struct(report = report, seccomp = seccomp)

def _run(ctx, args, inputs, out, mnemonic, message):
    ctx.actions.run(
        executable = ctx.exec_groups[EXEC_GROUP].toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool,
        arguments = ["syscalls", args],
        inputs = inputs,
        outputs = [out],
        mnemonic = mnemonic,
        progress_message = message,
        exec_group = EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
