"""The test that compares sizes with a budget file, and the program that writes that file."""

load("@bazel_skylib//lib:shell.bzl", "shell")
load("//rules:providers.bzl", "Go3sBinaryInfo")
load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":display.bzl", "display")
load(":rules_go_compat.bzl", "go_linux_executable")

visibility("//rules/...")

def _programs(ctx):
    """Returns a list of struct(name, file, named) of the executables of `binary`."""
    target = ctx.attr.binary
    if Go3sBinaryInfo in target:
        return [
            struct(
                name = variant.platform.name if variant.platform else "linux_" + variant.goarch,
                file = variant.executable,
                # Packages are counted before the names of functions were taken out.
                named = variant.linked,
            )
            for variant in target[Go3sBinaryInfo].variants
        ]
    executable = go_linux_executable(target)
    if not executable:
        fail("\n{}: binary: {} is no program of this module and no go_binary for Linux".format(display(ctx.label), display(target.label)))
    return [struct(name = "linux_" + executable.goarch, file = executable.file, named = None)]

def _sizes_impl(ctx, budget, words):
    """Returns the providers of a script that calls `linkcheck sizes`.

    Args:
      ctx: context with the attributes _ATTRS.
      budget: string: shell word for the budget file.
      words: list of string: further shell words.
    """
    tool = ctx.toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool
    programs = _programs(ctx)
    words = [shell.quote("./" + tool.short_path), "sizes", "--budget=" + budget] + words
    files = [tool, ctx.file.budget]
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
    return _sizes_impl(ctx, shell.quote(ctx.file.budget.short_path), [
        "--tolerance=" + ctx.attr.tolerance_percent,
        shell.quote("--hint=bazel run {}.update".format(display(ctx.label))),
    ])

def _size_update_impl(ctx):
    if not ctx.file.budget.is_source:
        fail("\n{}: budget: {} is not a source file, so it cannot be updated".format(display(ctx.label), display(ctx.attr.budget.label)))
    return _sizes_impl(ctx, '"${BUILD_WORKSPACE_DIRECTORY:?start this by bazel run}"/' + shell.quote(ctx.file.budget.short_path), ["--update"])

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
    toolchains = [LINKCHECK_TOOLCHAIN],
)

size_update = rule(
    implementation = _size_update_impl,
    doc = "Writes the budget file anew.",
    executable = True,
    attrs = _ATTRS,
    toolchains = [LINKCHECK_TOOLCHAIN],
)
