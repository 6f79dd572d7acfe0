"""Go3sStrip: takes out of an executable what it does not need at run time."""

load("//toolchains:elfstrip.bzl", "ELFSTRIP_TOOLCHAIN")

visibility("//rules/...")

EXEC_GROUP = "go3s_strip"

EXEC_GROUPS = {
    EXEC_GROUP: exec_group(toolchains = [ELFSTRIP_TOOLCHAIN]),
}

STRIP_FLAGS = {
    "all": ["--strip-all"],
    "debug": ["--strip-debug"],
}

def strip_action(ctx, src, out, flags, inputs = [], what = "Stripping"):
    """Registers a Go3sStrip action.

    Args:
      ctx: context of a rule that has EXEC_GROUPS.
      src: File: the ELF file to read.
      out: File: the ELF file to write.
      flags: list of string or Args: elfstrip's options.
      inputs: list of File: files that flags name.
      what: string: first word of the progress message.
    """
    args = ctx.actions.args()
    args.use_param_file("@%s")
    args.set_param_file_format("multiline")
    args.add_all([flag for flag in flags if type(flag) == "string"])
    args.add("-o", out)
    args.add(src)
    ctx.actions.run(
        executable = ctx.exec_groups[EXEC_GROUP].toolchains[ELFSTRIP_TOOLCHAIN].elfstrip.tool,
        arguments = [flag for flag in flags if type(flag) != "string"] + [args],
        inputs = [src] + inputs,
        outputs = [out],
        mnemonic = "Go3sStrip",
        progress_message = what + " %{output}",
        exec_group = EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
