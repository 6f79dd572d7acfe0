"""Go3sLink: starts golink.

A command line of golink, but for what it writes, is made by the target that links a program for one platform. That of the executable links
by it, too, so that the executable is made by one action: the file that it is to be must come from an action of its own.
"""

load("//toolchains:golink.bzl", "GOLINK_TOOLCHAIN")

visibility("//rules/...")

EXEC_GROUP = "go3s_link"

# For rules that link by the command of another target.
EXEC_GROUPS = {
    EXEC_GROUP: exec_group(toolchains = [GOLINK_TOOLCHAIN]),
}

def _resources(_os, inputs):
    """Returns what Bazel sets aside on this machine: more than its 250 MB for programs of many packages.

    seed (docs/golink.md) takes 128 MB, two thirds of a MB for each of its packages. golink works on all processors, but not all the
    time: as many links as there are processors keep these busier than one that has them all.
    """
    return {"cpu": 1, "memory": 250 + inputs}

def _toolchain(ctx):
    return ctx.exec_groups[EXEC_GROUP].toolchains[GOLINK_TOOLCHAIN]

def golink_command(ctx, name, args, inputs, files = []):
    """Returns what golink_action starts.

    Args:
      ctx: context of a rule with EXEC_GROUP, in which GOLINK_TOOLCHAIN is.
      name: string: command of golink.
      args: Args: flags of the command, but for outputs.
      inputs: depset of File.
      files: list of File: what is after all flags.
    Returns:
      struct(name, args, inputs, files, exec_platform).
    """
    return struct(name = name, args = args, inputs = inputs, files = files, exec_platform = _toolchain(ctx).exec_platform)

def can_link(ctx, command):
    """Tells whether a rule can execute a command: some of its inputs are programs for the execution platform of the rule that made it.

    Args:
      ctx: context of a rule with EXEC_GROUPS.
      command: what golink_command returned.
    Returns:
      bool.
    """
    return _toolchain(ctx).exec_platform == command.exec_platform

def golink_action(ctx, command, out, flags = [], cgo_left_out = None, symbols = None):
    """Registers a link.

    Args:
      ctx: context of a rule that made the command, or of one that can_link it.
      command: what golink_command returned.
      out: File: the executable to write.
      flags: list of string: further flags of the command.
      cgo_left_out: File: report (JSON) to write on the files that building without cgo left out, or None.
      symbols: File: where to write what `--traceback=external` takes out, or None.
    """
    args = ctx.actions.args()
    args.add_all(flags)
    if cgo_left_out:
        args.add("--cgo-left-out", cgo_left_out)
    if symbols:
        args.add("--symbols-file", symbols)
    args.add("-o", out)
    args.add_all(command.files)
    ctx.actions.run(
        executable = _toolchain(ctx).golink.tool,
        arguments = [command.name, command.args, args],
        inputs = command.inputs,
        outputs = [out] + [file for file in [cgo_left_out, symbols] if file],
        mnemonic = "Go3sLink",
        progress_message = "Linking static program %{output}",
        exec_group = EXEC_GROUP,
        resource_set = _resources,
        execution_requirements = {"supports-path-mapping": "1"},
    )
