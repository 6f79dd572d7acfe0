"""A test that runs linkcheck over files."""

load("@bazel_skylib//lib:shell.bzl", "shell")
load("//rules:providers.bzl", "Go3sBinaryInfo")
load("//toolchains:linkcheck.bzl", "LINKCHECK_TOOLCHAIN")
load(":goarch.bzl", "GOARCHS")

visibility("//rules/...")

def _linkcheck_test_impl(ctx):
    tool = ctx.toolchains[LINKCHECK_TOOLCHAIN].linkcheck.tool
    files = []
    for src in ctx.attr.srcs:
        if Go3sBinaryInfo in src:
            files.extend([variant.executable for variant in src[Go3sBinaryInfo].variants])
        else:
            files.extend(src[DefaultInfo].files.to_list())
    words = [tool.short_path, "--profile", ctx.attr.profile]
    if ctx.attr.goarch:
        words += ["--goarch", ctx.attr.goarch]
    if ctx.file.policy:
        words += ["--policy", ctx.file.policy.short_path]
    if ctx.attr.size_budget:
        words += ["--size-budget", ctx.attr.size_budget]
    words += [file.short_path for file in files]
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(
        script,
        "#!/bin/sh\nexec {}\n".format(" ".join([shell.quote(word) for word in words])),
        is_executable = True,
    )
    return [DefaultInfo(
        executable = script,
        runfiles = ctx.runfiles(files + ([ctx.file.policy] if ctx.file.policy else []) + [tool]),
    )]

linkcheck_test = rule(
    implementation = _linkcheck_test_impl,
    doc = """Fails when linkcheck finds an error in one of the files.

The rules of this module check what they build by themselves; this test is for other
files, and for profiles that a target should meet besides its own.""",
    test = True,
    attrs = {
        "goarch": attr.string(
            doc = "GOARCH that all files must have; empty for any.",
            values = [""] + GOARCHS,
        ),
        "policy": attr.label(
            doc = "Policy file over the profile.",
            allow_single_file = [".json"],
        ),
        "profile": attr.string(
            doc = "linkcheck profile, for example `static` or `nolibc`.",
            default = "static",
        ),
        "size_budget": attr.string(
            doc = "Most bytes of a file, for example `6MB`; empty for no limit.",
        ),
        "srcs": attr.label_list(
            doc = "ELF files, or targets of this module, of which all platforms are checked.",
            mandatory = True,
            allow_files = True,
        ),
    },
    toolchains = [LINKCHECK_TOOLCHAIN],
)
