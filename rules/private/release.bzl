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
                report = inputs.add(variant.report),
                symbols = inputs.add(variant.symbols) if variant.symbols else "",
            ))
    return out

def _licenses(ctx, inputs):
    """Returns the licences that targets of Go packages declare, for the plan."""
    declared = depset(transitive = [
        variant.declared_licenses
        for target in ctx.attr.programs
        for variant in target[Go3sBinaryInfo].variants
    ])
    return [struct(
        package = license.package,
        label = license.label,
        kinds = license.kinds,
        text = _optional(inputs, license.text),
        metadata = [inputs.add(file) for file in license.metadata],
    ) for license in declared.to_list()]

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

def _optional(inputs, file):
    return inputs.add(file) if file else ""

def _package(ctx):
    """Returns what packages of distributions say, None for no packages."""
    if not ctx.attr.packages:
        return None
    return struct(
        name = ctx.attr.package_name or ctx.attr.release_name,
        maintainer = ctx.attr.package_maintainer,
        summary = ctx.attr.package_summary,
        description = ctx.attr.package_description,
        homepage = ctx.attr.package_homepage,
        license = ctx.attr.license,
    )

def _image(ctx, inputs):
    """Returns what images of all platforms have, None for no images."""
    if not ctx.attr.image_entrypoint:
        for name in dir(ctx.attr):
            if name.startswith("image_") and getattr(ctx.attr, name):
                fail("\n{}: {} is set, and image_entrypoint is not: name the program that the image starts, or remove {}".format(
                    display(ctx.label),
                    name,
                    name,
                ))
        return None
    return struct(
        entrypoint = ["/usr/bin/" + ctx.attr.image_entrypoint],
        command = ctx.attr.image_command,
        env = ["{}={}".format(name, value) for name, value in ctx.attr.image_env.items()],
        user = ctx.attr.image_user,
        workdir = ctx.attr.image_workdir,
        labels = ctx.attr.image_labels,
        ports = ctx.attr.image_ports,
        stopsignal = ctx.attr.image_stop_signal,
        ref = ctx.attr.version,
        ca_roots = _optional(inputs, ctx.file.image_ca_roots),
        tzdata = _optional(inputs, ctx.file.image_tzdata),
    )

def _release_impl(ctx):
    inputs = _inputs()
    plan = struct(
        label = display(ctx.label),
        name = ctx.attr.release_name,
        version = ctx.attr.version,
        epoch = ctx.attr.source_date_epoch,
        archives = ctx.attr.archives,
        programs = _programs(ctx, inputs),
        files = _files(ctx, inputs),
        attachments = [
            struct(id = inputs.add(file), kind = "", name = file.basename, path = "")
            for file in ctx.files.attachments
        ],
        packages = ctx.attr.packages,
        package = _package(ctx),
        image = _image(ctx, inputs),
        license = ctx.attr.license,
        licenses = [inputs.add(file) for file in ctx.files.module_licenses],
        declared_licenses = _licenses(ctx, inputs),
        license_overrides = ctx.attr.licenses_override,
        license_policy = struct(
            allow = ctx.attr.licenses_allow,
            deny = ctx.attr.licenses_deny,
            deny_unknown = ctx.attr.licenses_unknown == "deny",
        ),
        source = ctx.attr.source,
        builder = ctx.attr.builder,
        key = _optional(inputs, ctx.file.signing_key),
        openpgp = _optional(inputs, ctx.file.openpgp_key),
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
        "attachments": attr.label_list(
            doc = "Files that are in the release as they are, beside the archives, such as an archive of sources.",
            allow_files = True,
        ),
        "builder": attr.string(
            doc = "URI of who vouches for the build, builder.id of the provenance; empty for nobody.",
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
        "image_ca_roots": attr.label(
            doc = "Root certificates (PEM), /etc/ssl/certs/ca-certificates.crt of the image.",
            allow_single_file = True,
        ),
        "image_command": attr.string_list(
            doc = "Arguments that the image's program gets unless others are given.",
        ),
        "image_entrypoint": attr.string(
            doc = "Name of the program that the image starts; empty for no image.",
        ),
        "image_env": attr.string_dict(
            doc = "Environment of the image.",
        ),
        "image_labels": attr.string_dict(
            doc = "Labels of the image, which are annotations of index and manifests, too.",
        ),
        "image_ports": attr.string_list(
            doc = "Ports that the image says it listens at, such as `8080/tcp`.",
        ),
        "image_stop_signal": attr.string(
            doc = "Signal that stops the image's program, such as `SIGINT`; empty for the runtime's default.",
        ),
        "image_tzdata": attr.label(
            doc = "Zip archive of time zones, such as Go's lib/time/zoneinfo.zip, which becomes /usr/share/zoneinfo of the image.",
            allow_single_file = [".zip"],
        ),
        "image_user": attr.string(
            doc = "`UID:GID`, or `NAME:UID:GID` for a user in /etc/passwd; empty for root.",
        ),
        "image_workdir": attr.string(
            doc = "Working directory of the image, absolute; empty for /.",
        ),
        "license": attr.string(
            doc = "SPDX expression: licence of the programs' own modules and of packages; empty if unknown.",
        ),
        "licenses_allow": attr.string_list(
            doc = "SPDX identifiers of the licences that modules may have; empty for any.",
        ),
        "licenses_deny": attr.string_list(
            doc = "SPDX identifiers of licences that modules may not have.",
        ),
        "licenses_override": attr.string_dict(
            doc = "Licences of modules, from path or `PATH@VERSION` to SPDX expression, whatever their texts and targets say.",
        ),
        "licenses_unknown": attr.string(
            doc = "`allow`, or `deny`: a module of which no licence is known fails the build.",
            default = "allow",
            values = ["allow", "deny"],
        ),
        "man_pages": attr.label_list(
            doc = "Manual pages: NAME.SECTION.",
            allow_files = True,
        ),
        "module_licenses": attr.label_list(
            doc = "Files with licence texts of modules (JSON), as the module extension go_licenses makes them.",
            allow_files = [".json"],
        ),
        "openpgp_key": attr.label(
            doc = "Secret OpenPGP key in ASCII armor (Ed25519 or RSA, not encrypted), which signs SHA256SUMS. Bazel's caches get it, as " +
                  "they get signing_key.",
            allow_single_file = True,
        ),
        "package_description": attr.string(
            doc = "What the package is, in several lines.",
        ),
        "package_homepage": attr.string(
            doc = "URL in packages.",
        ),
        "package_maintainer": attr.string(
            doc = "`NAME <ADDRESS>`, in packages.",
        ),
        "package_name": attr.string(
            doc = "Name of packages; empty for release_name.",
        ),
        "package_summary": attr.string(
            doc = "What the package is, in one line.",
        ),
        "packages": attr.string_list(
            doc = "Packages of distributions: some of `deb`, `rpm`.",
        ),
        "programs": attr.label_keyed_string_dict(
            doc = "Programs, with the name of each in the release; empty for the target's name.",
            mandatory = True,
            allow_empty = False,
        ),
        "release_name": attr.string(
            doc = "First part of file names.",
            mandatory = True,
        ),
        "signing_key": attr.label(
            doc = "Private Ed25519 key (OpenSSH, PKCS #8 or minisign, not encrypted). Bazel's caches get it: sign what is published by " +
                  "`go3s-release sign`.",
            allow_single_file = True,
        ),
        "source": attr.string(
            doc = "URI of the source repository, for the provenance; empty if unknown.",
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
