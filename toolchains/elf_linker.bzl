"""The toolchain type of external ELF linkers: what links instead of golink where a target says `linker = "external"`.

The toolchain is optional: nobody needs one who does not ask for it. It is chosen by
execution platform and by target platform, since a GNU ld serves one architecture.
"""

ElfLinkerInfo = provider(
    doc = "A linker for ELF executables, which runs on the execution platform.",
    fields = {
        "files": "depset of Files: what the linker needs to run, itself included.",
        "flags": "list of strings: further options of every link.",
        "flavor": "string: `gnu` for GNU ld (ld.bfd), `lld` for LLD.",
        "linker": "File: the executable.",
    },
)

ELF_LINKER_TOOLCHAIN = Label("//toolchains:elf_linker_toolchain_type")

def _elf_linker_toolchain_impl(ctx):
    linker = ctx.file.linker
    return [platform_common.ToolchainInfo(
        elf_linker = ElfLinkerInfo(
            files = depset([linker], transitive = [target[DefaultInfo].files for target in ctx.attr.files]),
            flags = ctx.attr.flags,
            flavor = ctx.attr.flavor,
            linker = linker,
        ),
    )]

elf_linker_toolchain = rule(
    implementation = _elf_linker_toolchain_impl,
    doc = "Declares a linker for `toolchain(toolchain_type = \"@rules_go3s//toolchains:elf_linker_toolchain_type\")`.",
    attrs = {
        "files": attr.label_list(
            doc = "What else the linker needs to run, such as shared libraries.",
            allow_files = True,
            cfg = "exec",
        ),
        "flags": attr.string_list(
            doc = "Further options of every link, one argument each. Those that golink decides are refused.",
        ),
        "flavor": attr.string(
            doc = "Which linker it is: `gnu` (GNU ld, also called ld.bfd) or `lld`. The linker is asked whether it is true.",
            mandatory = True,
            values = ["gnu", "lld"],
        ),
        "linker": attr.label(
            doc = "The executable, for example `ld.lld`.",
            mandatory = True,
            allow_single_file = True,
            cfg = "exec",
        ),
    },
)
