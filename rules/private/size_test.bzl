"""The test that compares sizes with a budget file, and the program that writes that file."""

load("@bazel_skylib//lib:shell.bzl", "shell")
load("//rules:providers.bzl", "Go3sBinaryInfo")
load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":check.bzl", "EXEC_GROUPS")
load(":display.bzl", "display")
load(":rules_go_compat.bzl", "go_linux_executable")
load(":size_report.bzl", "measured_variant", "size_report_action")

visibility("//rules/...")

def _programs(ctx):
    """Returns a list of struct(name, file, named) of the executables of `binary`."""
    target = ctx.attr.binary
    if Go3sBinaryInfo in target:
        return [measured_variant(variant) for variant in target[Go3sBinaryInfo].variants]
    executable = go_linux_executable(target)
    if not executable:
        fail("\n{}: binary: {} is no program of this module and no go_binary for Linux".format(display(ctx.label), display(target.label)))
    return [struct(name = "linux_" + executable.goarch, file = executable.file, named = None)]

def _sizes_impl(ctx, programs, budget, words, files = []):
    """Returns the providers of a script that calls `linkcheck sizes`.

    Args:
      ctx: context with the attributes _ATTRS.
      programs: list of struct: what _programs returns.
      budget: string: shell word for the budget file.
      words: list of string: further shell words.
      files: list of File: further runfiles.
    """
    tool = ctx.toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool
    words = [shell.quote("./" + tool.short_path), "sizes", "--budget=" + budget, "--functions=" + ctx.attr.functions] + words
    files = [tool, ctx.file.budget] + files
    for program in programs:
        files.append(program.file)
        if program.named:
            files.append(program.named)
            words.append(shell.quote("--named={}={}".format(program.name, program.named.short_path)))
    words += [shell.quote("{}={}".format(program.name, program.file.short_path)) for program in programs]
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "#!/bin/sh\nexec {}\n".format(" ".join(words)), is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(files))]

def _size_test_impl(ctx):
    programs = _programs(ctx)
    report = ctx.actions.declare_file(ctx.label.name + ".sizes.json")
    page = ctx.actions.declare_file(ctx.label.name + ".sizes.html")
    size_report_action(ctx, programs, report, page, label = display(ctx.label))
    return _sizes_impl(ctx, programs, shell.quote(ctx.file.budget.short_path), [
        "--tolerance=" + ctx.attr.tolerance_percent,
        shell.quote("--hint=bazel run {}.update".format(display(ctx.label))),
        shell.quote("--page=" + page.path),
    ], [page]) + [OutputGroupInfo(size_report = depset([report, page]))]

def _size_update_impl(ctx):
    if not ctx.file.budget.is_source:
        fail("\n{}: budget: {} is not a source file, so it cannot be updated".format(display(ctx.label), display(ctx.attr.budget.label)))
    return _sizes_impl(ctx, _programs(ctx), '"${BUILD_WORKSPACE_DIRECTORY:?start this by bazel run}"/' + shell.quote(ctx.file.budget.short_path), ["--update"])

_ATTRS = {
    "binary": attr.label(
        doc = "A program of this module, of which all platforms are measured, or a go_binary.",
        mandatory = True,
    ),
    "budget": attr.label(
        doc = "The budget file, a source file. Create it with the contents `{\"schema\": 1, \"files\": {}}`.",
        allow_single_file = [".json"],
        mandatory = True,
    ),
    "functions": attr.string(
        doc = "Of which packages the budget has the functions: `module`, those of the main module; `all`; or `none`.",
        default = "module",
        values = ["module", "all", "none"],
    ),
}

size_test = rule(
    implementation = _size_test_impl,
    doc = "Fails when a program, a section or a package is larger than its budget.",
    test = True,
    attrs = _ATTRS | {
        "tolerance_percent": attr.string(
            doc = "By how many percent a part may be above its budget.",
            default = "0",
        ),
    },
    exec_groups = EXEC_GROUPS,
    toolchains = [LINKCHECK_TOOLCHAIN],
)

size_update = rule(
    implementation = _size_update_impl,
    doc = "Writes the budget file again.",
    executable = True,
    attrs = _ATTRS,
    toolchains = [LINKCHECK_TOOLCHAIN],
)
