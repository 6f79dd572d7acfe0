"""Repository rule that makes a linker of this machine known to Bazel."""

_BUILD = """\
load("@rules_go3s//toolchains:elf_linker.bzl", "elf_linker_toolchain")

elf_linker_toolchain(
    name = "linker",
    flavor = "{flavor}",
    linker = "{program}",
    visibility = ["//visibility:public"],
)
"""

def _installed_linker_impl(rctx):
    path = rctx.which(rctx.attr.program)
    if not path:
        fail("no {} on PATH: install it; Debian has LLD in lld and GNU ld in binutils-<machine>-linux-gnu".format(rctx.attr.program))
    rctx.symlink(path, rctx.attr.program)
    rctx.file("BUILD.bazel", _BUILD.format(flavor = rctx.attr.flavor, program = rctx.attr.program))

installed_linker = repository_rule(
    implementation = _installed_linker_impl,
    attrs = {
        "flavor": attr.string(mandatory = True),
        "program": attr.string(mandatory = True),
    },
    environ = ["PATH"],
    local = True,
)
