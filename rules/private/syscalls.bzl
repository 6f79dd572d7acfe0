"""Go3sSyscalls: what a program can ask of the kernel."""

load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":check.bzl", "EXEC_GROUP")
load(":display.bzl", "output_path")

visibility("//rules/...")

def syscall_actions(ctx, name, programs, allowed, label):
    """Registers the actions that list the system calls of one executable.

    The list comes from the linked program, whose symbols tell more, and, where it is packed, from the packed one
    as well, whose unpacking code makes calls of its own.

    Args:
      ctx: context of a rule that has the exec group of check.bzl.
      name: string: file name of the executable, after which the outputs are named.
      programs: list of File: the ELF files to read.
      allowed: File: list of the calls that the program may make, or None.
      label: string: the name of the executable in the outputs.

    Returns:
      A struct of Files: `report` (JSON), `seccomp` (profile in OCI form), and `verdict`, None without `allowed`.
    """
    tool = ctx.exec_groups[EXEC_GROUP].toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool

    def run(suffix, flags, message):
        out = ctx.actions.declare_file(output_path(ctx.label.name, name + suffix))
        args = tool_args(ctx)
        args.add_all(flags)
        if allowed and suffix != ".syscalls.json":
            args.add(allowed, format = "--allowed=%s")
        args.add(label, format = "--name=%s")
        args.add("-o", out)
        args.add_all(programs)
        ctx.actions.run(
            executable = tool,
            arguments = ["syscalls", args],
            inputs = programs + ([allowed] if allowed else []),
            outputs = [out],
            mnemonic = "Go3sSyscalls",
            progress_message = message + " %{input}",
            exec_group = EXEC_GROUP,
            execution_requirements = {"supports-path-mapping": "1"},
        )
        return out

    return struct(
        report = run(".syscalls.json", ["--json"], "Listing system calls of"),
        seccomp = run(".seccomp.json", ["--seccomp"], "Writing the seccomp profile of"),
        verdict = run(".syscalls.passed", ["--list"], "Comparing system calls of") if allowed else None,
    )
