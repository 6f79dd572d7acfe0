"""Everything this module knows of rules_go's inside, in one file.

Verified with rules_go 0.62 to 0.65. Only names that rules_go documents are used:
GoArchive, go_context and the fields named below.
"""

load("@rules_go//go:def.bzl", "GoArchive", "go_context")
load(":goarch.bzl", "GOARCHS", "goarch_list")

visibility("//rules/...")

GO_TOOLCHAIN = "@rules_go//go:toolchain"

GO_CONTEXT_ATTRS = {
    "_go_context_data": attr.label(default = "@rules_go//:go_context_data"),
}

# Values of rules_go's own settings under which everything is compiled. All of
# them are set, so that no flag of the command line makes a second configuration.
# Code compiled for linkmode "pie" (-shared) serves fixed-address executables as well, so
# that both kinds share one standard library for each platform.
GO_SETTINGS = {
    "@rules_go//go/config:linkmode": "pie",
    "@rules_go//go/config:msan": False,
    "@rules_go//go/config:pure": True,
    "@rules_go//go/config:race": False,
    "@rules_go//go/config:static": False,
}

def go_archive(target):
    """Returns the GoArchive of a target, or None."""
    return target[GoArchive] if GoArchive in target else None

def go_export_data(archives):
    """Returns what the compiler wrote of packages for those that import them.

    Args:
      archives: depset of GoArchiveData.
    Returns:
      list of File.
    """
    return [data.export_file for data in archives.to_list()]

def go_linux_executable(target):
    """Returns the executable of a Go program for Linux on a machine of this module.

    Args:
      target: Target of any rule.
    Returns:
      struct(file, goarch, archives), archives a depset of GoArchiveData; or None: for other targets, libraries (linkmode c-shared and the
      like), systems and machines.
    """
    archive = go_archive(target)
    executable = target[DefaultInfo].files_to_run.executable
    if not archive or not executable or not archive.source.is_main:
        return None
    mode = archive.source.mode
    if mode.goos != "linux" or mode.goarch not in GOARCHS or mode.linkmode not in ("auto", "normal", "pie"):
        return None
    return struct(
        file = executable,
        goarch = mode.goarch,
        archives = archive.transitive,
    )

def go_program_context(ctx, target, attr):
    """Returns what linking a program takes from the configuration that it was compiled in.

    That configuration is not the one of the rule that links: gotags, pgoprofile and the like of a go_binary are
    transitions, and some of them change the standard library.

    Args:
      ctx: context of an aspect that has GO_TOOLCHAIN.
      target: the Target.
      attr: its attributes (ctx.rule.attr).
    Returns:
      struct(stdlib, coverdata, sdk, link_flags); None for what is no program.
    """
    archive = go_archive(target)
    data = getattr(attr, "_go_context_data", None)
    if not archive or not archive.source.is_main or not data:
        return None
    go = go_context(ctx, importpath = archive.data.importpath, embed = [], go_context_data = data, maybe_needs_cc_toolchain = False)
    return struct(
        stdlib = go.stdlib.libs,
        # What instrumented packages import, though no target names it among its dependencies.
        coverdata = go.coverdata if ctx.configuration.coverage_enabled else None,
        sdk = go.sdk,
        link_flags = list(go.toolchain.flags.link),
    )

def go_main_sources(archive):
    """Returns what was compiled as the main package, without what it imports.

    Args:
      archive: GoArchive of a main package.
    Returns:
      list of File, of any kind and for any platform.
    """
    return archive.source.srcs

def go_tags(archive):
    """Returns the build tags that a package was compiled with, besides those of the platform.

    Args:
      archive: GoArchive.
    Returns:
      list of string.
    """
    return archive.source.mode.tags

def go_sources(target):
    """Returns the sources of a Go package, those of the libraries that it embeds included.

    Args:
      target: Target with GoArchive.
    Returns:
      list of File, of any kind and for any platform.
    """
    return target[GoArchive].source.srcs

def go_may_use_cgo(target, attr):
    """Tells whether a Go target by itself, not by what it depends on, may have files that import C.

    It is a permission: Gazelle gives it to each package with such a file for any system.

    Args:
      target: the Target.
      attr: its attributes (ctx.rule.attr).
    Returns:
      bool.
    """
    return GoArchive in target and getattr(attr, "cgo", False)

def go_test_x_defs(label, rundir):
    """Returns what rules_go's own link of a go_test sets besides x_defs.

    Args:
      label: Label of the go_test.
      rundir: string: its attribute `rundir`.
    Returns:
      dict of `package.variable` to value.
    """
    directory = rundir or label.package or "."
    if label.repo_name:
        directory = "../{}/{}".format(label.repo_name, directory)
    return {
        "+initfirst/github.com/bazelbuild/rules_go/go/tools/bzltestutil/chdir.RunDir": directory,
        "testing.testBinary": "1",
    }

def _sdk_tool(ctx, sdk, name):
    files = [f for f in sdk.tools.to_list() if f.basename in (name, name + ".exe")]
    if len(files) != 1:
        fail("{}: the Go SDK {} has {} files named {} among its tools, want 1".format(ctx.label, sdk.version, len(files), name))
    return files[0]

# What names a table of GODEBUG settings, below GOROOT.
_GODEBUG_FILES = ["src/internal/godebugs/table.go", "src/runtime/runtime1.go"]

def go_sdk_files(ctx):
    """Returns the files of the Go SDK for the target platform. It walks through all of them, so call it once for each SDK.

    Args:
      ctx: rule context with GO_TOOLCHAIN.
    Returns:
      struct(version, root, sources, godebug, go, tools, headers): string, string, lists of File, File, and depsets of File.
    """
    sdk = ctx.toolchains[GO_TOOLCHAIN].sdk
    root = sdk.root_file.dirname
    sources = [file for file in sdk.srcs.to_list() if file.extension in ("go", "s", "h")]
    wanted = [root + "/" + name for name in _GODEBUG_FILES]
    godebug = [file for file in sources if file.path in wanted]
    if len(godebug) != len(wanted):
        fail("{}: the Go SDK {} has not all of {} among its sources".format(ctx.label, sdk.version, wanted))
    return struct(
        version = sdk.version,
        root = root,
        sources = sources,
        godebug = godebug,
        go = sdk.go,
        tools = sdk.tools,
        headers = sdk.headers,
    )

def _linked_archives(archive, coverdata):
    """Returns the packages to link below a main package, as a depset of GoArchiveData."""
    if not coverdata:
        return depset(transitive = [d.transitive for d in archive.direct])

    # Instrumented packages import coverdata from their own configuration, rules_go's test support from another. It is the
    # same code, compiled twice.
    packages = {}
    for data in depset([coverdata.data], transitive = [d.transitive for d in archive.direct], order = "preorder").to_list():
        packages.setdefault((data.importmap, data.label), data)
    return depset(packages.values())

def go_link_inputs(ctx, archive, program, exec_group):
    """Collects what linking an archive takes.

    Args:
      ctx: rule context with GO_TOOLCHAIN in exec_group.
      archive: GoArchive of a main package.
      program: what go_program_context returned of it.
      exec_group: string: the exec group in which the SDK's linker will run.
    Returns:
      struct(version, linker, package_list, stdlib, archives, libs, main, importpath, importmap,
      x_defs, goos, goarch, goarch_level, goexperiment, stamp, gc_linkopts).
    """
    sdk = ctx.exec_groups[exec_group].toolchains[GO_TOOLCHAIN].sdk
    mode = archive.source.mode
    if sdk.version != program.sdk.version:
        fail("{}: it was compiled by Go {}, and the linker at hand is of Go {}; choose one SDK for both".format(
            ctx.label,
            program.sdk.version,
            sdk.version,
        ))
    stdlib = program.stdlib.to_list()
    if len(stdlib) != 1 or not stdlib[0].is_directory:
        fail("{}: rules_go's standard library for {}/{} is not one folder of archives; this rules_go is not supported".format(
            ctx.label,
            mode.goos,
            mode.goarch,
        ))
    return struct(
        version = sdk.version,
        linker = _sdk_tool(ctx, sdk, "link"),
        package_list = sdk.package_list,
        stdlib = stdlib[0],
        archives = _linked_archives(archive, program.coverdata),
        libs = depset([program.coverdata.data.file] if program.coverdata else [], transitive = [archive.libs]),
        main = archive.data.file,
        importpath = archive.data.importpath,
        importmap = archive.data.importmap,
        x_defs = archive.x_defs,
        goos = mode.goos,
        goarch = mode.goarch,
        # rules_go has constraints for GOAMD64 only.
        goarch_level = mode.amd64 if mode.goarch == "amd64" else None,
        goexperiment = program.sdk.experiments,
        stamp = mode.stamp,
        gc_linkopts = list(mode.gc_linkopts) + program.link_flags,
    )

def go_target_arch(ctx):
    """Returns the GOARCH of the target platform.

    Args:
      ctx: rule context with GO_TOOLCHAIN.
    Returns:
      string.
    """
    return ctx.toolchains[GO_TOOLCHAIN].default_goarch

def go_asm_inputs(ctx, exec_group):
    """Collects what the SDK's assembler takes.

    Args:
      ctx: as of go_link_inputs.
      exec_group: string: the exec group in which the assembler will run.
    Returns:
      struct(asm, headers, include, goos, goarch).
    """
    go = go_context(ctx)
    sdk = ctx.exec_groups[exec_group].toolchains[GO_TOOLCHAIN].sdk
    return struct(
        asm = _sdk_tool(ctx, sdk, "asm"),
        headers = sdk.headers,
        include = sdk.root_file.dirname + "/pkg/include",
        goos = go.mode.goos,
        goarch = go.mode.goarch,
    )

def go_mode_problem(archive, wanted):
    """Tells why an archive cannot be linked by this module.

    Args:
      archive: GoArchive.
      wanted: string: `exe` or `static-pie`.
    Returns:
      string: what was found, what was wanted and what to do; None if all is well.
    """
    source = archive.source
    mode = source.mode
    if not source.is_main:
        return ("it is the library {}, want a main package; name a go_binary, " +
                "or give the library in `embed`").format(repr(archive.data.importpath))
    if mode.goos != "linux":
        return "GOOS is {}, want linux; remove `goos` or choose one of @rules_go3s//platforms".format(mode.goos)
    if mode.goarch not in GOARCHS:
        return "GOARCH is {}, want {}; remove `goarch` or choose one of @rules_go3s//platforms".format(mode.goarch, goarch_list(""))
    if mode.race:
        return "it is built with race = \"on\", which needs cgo and libc; set race = \"off\" or test it with go_binary"
    if mode.msan:
        return "it is built with msan = \"on\", which needs cgo and libc; set msan = \"off\" or test it with go_binary"
    if not mode.pure:
        return "it is built with pure = \"off\", want cgo to be off; remove `pure` or set pure = \"on\""
    if mode.linkmode != "pie" and (wanted, mode.linkmode) != ("exe", "normal"):
        return "it is built with linkmode = {}, want the default; remove `linkmode`".format(repr(mode.linkmode))
    return None
