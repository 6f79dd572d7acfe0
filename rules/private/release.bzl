"""Go3sRelease: puts programs and what belongs to them into the folder of a release.

One action makes the folder, because every part of it names the others: the index has the sum of each archive, the sums have
that of the index. Paths of the build reach the tool apart from what is written.
"""

load("//rules:providers.bzl", "Go3sBinaryInfo", "Go3sReleaseInfo")
load("//toolchains:release.bzl", "RELEASE_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":display.bzl", "display")

visibility("//rules/...")

_EXEC_GROUP = "go3s_release"

# The first date that a zip archive can hold: 1980-01-01, in seconds since 1970.
_FIRST_ZIP_DATE = 315532800

def _inputs():
    """Returns what collects the files of a release: add(File) gives the id of a file."""
    files = {}

    def add(file):
        return files.setdefault(file, "f%d" % len(files))

    return struct(add = add, files = files)

def _programs(ctx, inputs):
    """Returns the programs of the plan."""
    out = []
    named = {}
    for target, name in ctx.attr.programs.items():
        if Go3sBinaryInfo not in target:
            fail(("\n{}: programs: {} is no program of this module; name a go_static_binary, go_pie_binary, go_nolibc_binary or " +
                  "go_asm_binary, which can wrap a go_binary by `binary`").format(display(ctx.label), display(target.label)))
        name = name or target.label.name
        for variant in target[Go3sBinaryInfo].variants:
            platform = variant.platform.name if variant.platform else "linux_" + variant.goarch
            other = named.setdefault((name, platform), target.label)
            if other != target.label:
                fail(("\n{}: programs: {} and {} are both named {} on {}; name one otherwise: " +
                      "programs = {{\"{}\": \"NAME\", …}}").format(
                    display(ctx.label),
                    display(other),
                    display(target.label),
                    repr(name),
                    platform,
                    display(target.label),
                ))
            out.append(struct(
                name = name,
                label = display(target.label),
                platform = platform,
                goarch = variant.goarch,
                mode = variant.mode,
                profile = variant.profile,
                executable = inputs.add(variant.executable),
            ))
    return out

def _files(ctx, inputs):
    """Returns the files beside programs of the plan."""
    out = []
    for kind, files in [
        ("doc", ctx.files.docs),
        ("man", ctx.files.man_pages),
        ("completion", ctx.files.completions),
    ]:
        out += [struct(id = inputs.add(file), kind = kind, name = file.basename, path = "") for file in files]
    for target, path in ctx.attr.files.items():
        files = target[DefaultInfo].files.to_list()
        if len(files) != 1:
            fail("\n{}: files: {} has {} files, want 1, since it has one path, {}".format(
                display(ctx.label),
                display(target.label),
                len(files),
                repr(path),
            ))
        out.append(struct(id = inputs.add(files[0]), kind = "file", name = files[0].basename, path = path))
    return out

def _release_impl(ctx):
    inputs = _inputs()
    plan = struct(
        label = display(ctx.label),
        name = ctx.attr.release_name or ctx.label.name,
        version = ctx.attr.version,
        epoch = ctx.attr.source_date_epoch,
        archives = ctx.attr.archives,
        programs = _programs(ctx, inputs),
        files = _files(ctx, inputs),
    )
    out = ctx.actions.declare_directory(ctx.label.name)
    args = tool_args(ctx)
    args.add(json.encode(plan), format = "--plan=%s")
    args.add_all("-o", [out], expand_directories = False)
    for file, id in inputs.files.items():
        args.add(id)
        args.add(file)
    ctx.actions.run(
        executable = ctx.exec_groups[_EXEC_GROUP].toolchains[RELEASE_TOOLCHAIN].release.tool,
        arguments = ["build", args],
        inputs = inputs.files.keys(),
        outputs = [out],
        mnemonic = "Go3sRelease",
        progress_message = "Making release %{output}",
        exec_group = _EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
    return [
        DefaultInfo(files = depset([out])),
        Go3sReleaseInfo(directory = out, version = ctx.attr.version),
        # What is released has passed its checks.
        OutputGroupInfo(_validation = depset(transitive = [
            target[OutputGroupInfo]._validation
            for target in ctx.attr.programs
            if OutputGroupInfo in target and hasattr(target[OutputGroupInfo], "_validation")
        ])),
    ]

go3s_release = rule(
    implementation = _release_impl,
    doc = "Makes the folder of a release.",
    attrs = {
        "archives": attr.string_list(
            doc = "Formats of the archives: some of `tar.gz`, `tar.zst`, `zip`.",
            default = ["tar.gz"],
        ),
        "completions": attr.label_list(
            doc = "Completions of shells: NAME.bash, NAME.fish, and for zsh _NAME.",
            allow_files = True,
        ),
        "docs": attr.label_list(
            doc = "Documents and licence texts.",
            allow_files = True,
        ),
        "files": attr.label_keyed_string_dict(
            doc = "Other files, with their path in archives, and below /usr in packages and images.",
            allow_files = True,
        ),
        "man_pages": attr.label_list(
            doc = "Manual pages: NAME.SECTION.",
            allow_files = True,
        ),
        "programs": attr.label_keyed_string_dict(
            doc = "Programs, with the name of each in the release; empty for the target's name.",
            mandatory = True,
            allow_empty = False,
        ),
        "release_name": attr.string(
            doc = "First part of file names; empty for the target's name.",
        ),
        "source_date_epoch": attr.int(
            doc = "Date of everything in the release, in seconds since 1970.",
            default = _FIRST_ZIP_DATE,
        ),
        "version": attr.string(
            doc = "Version of the release.",
            mandatory = True,
        ),
    },
    exec_groups = {
        _EXEC_GROUP: exec_group(toolchains = [RELEASE_TOOLCHAIN]),
    },
    provides = [Go3sReleaseInfo],
)
