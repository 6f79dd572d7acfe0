"""Go3sStrip: takes out of an executable what it does not need at run time."""

load("//toolchains:elfstrip.bzl", "ELFSTRIP_TOOLCHAIN")
load(":args.bzl", "tool_args")

visibility("//rules/...")

EXEC_GROUP = "go3s_strip"

EXEC_GROUPS = {
    EXEC_GROUP: exec_group(toolchains = [ELFSTRIP_TOOLCHAIN]),
}

STRIP_FLAGS = {
    "all": ["--strip-all"],
    "debug": ["--strip-debug"],
}

# Empty for programs without the Go runtime.
TRACEBACKS = ["", "full", "functions", "external"]

# Values that strip_problem refuses, naming the new one.
RENAMED_TRACEBACKS = {"symbolized": "external"}

PACKINGS = ["", "lz4"]

def strip_problem(ctx):
    """Tells what is wrong with the attributes that say what becomes of a linked program.

    Args:
      ctx: context of a rule with `strip`, `keep_symbols`, `traceback` and `pack`.
    Returns:
      string: what was found, what was wanted and what to do; None if all is well.
    """
    renamed = RENAMED_TRACEBACKS.get(ctx.attr.traceback)
    if renamed:
        return "traceback = {}: the name of this value has changed; write traceback = {}".format(repr(ctx.attr.traceback), repr(renamed))
    strip = ctx.attr.strip
    if ctx.attr.traceback not in ("", "full") and strip == "none":
        return "traceback = {} with strip = \"none\": a program that is not stripped is left as it is; remove one of the two".format(repr(ctx.attr.traceback))
    if ctx.attr.traceback == "external" and strip != "all":
        return ("traceback = \"external\" with strip = {}: the symbols that are kept hold the names that it takes out; " +
                "set strip = \"all\"").format(repr(strip))
    if ctx.attr.traceback == "external" and ctx.attr.keep_symbols:
        return ("traceback = \"external\" with keep_symbols = {}: the symbols that are kept hold the names that it takes out; " +
                "remove keep_symbols, or set traceback = \"functions\"").format(ctx.attr.keep_symbols)
    if ctx.attr.pack and strip != "all":
        return "pack = {} with strip = {}: a packed program holds no symbols; set strip = \"all\"".format(repr(ctx.attr.pack), repr(strip))
    if ctx.attr.pack and ctx.attr.keep_symbols:
        return "pack = {} with keep_symbols = {}: a packed program holds no symbols; remove keep_symbols".format(repr(ctx.attr.pack), ctx.attr.keep_symbols)
    return None

def strip_action(ctx, src, out, flags, symbols = None, sdk_verdict = None, mnemonic = "Go3sStrip", what = "Stripping"):
    """Registers an action of elfstrip.

    Args:
      ctx: context of a rule that has EXEC_GROUPS.
      src: File: the ELF file to read.
      out: File: the ELF file to write.
      flags: list of string: elfstrip's options.
      symbols: File: where to write what traceback = "external" takes out, or None.
      sdk_verdict: File: verdict on the SDK that made src, where flags change its tables, or None.
      mnemonic: string: the action's mnemonic.
      what: string: first word of the progress message.
    """
    args = tool_args(ctx)
    args.add_all(flags)
    if symbols:
        args.add(symbols, format = "--symbols-file=%s")
    if sdk_verdict:
        args.add(sdk_verdict, format = "--sdk-verdict=%s")
    args.add("-o", out)
    args.add(src)
    ctx.actions.run(
        executable = ctx.exec_groups[EXEC_GROUP].toolchains[ELFSTRIP_TOOLCHAIN].elfstrip.tool,
        arguments = [args],
        inputs = [src] + ([sdk_verdict] if sdk_verdict else []),
        outputs = [out] + ([symbols] if symbols else []),
        mnemonic = mnemonic,
        progress_message = what + " %{output}",
        exec_group = EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
