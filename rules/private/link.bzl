"""Go3sLink: links a compiled Go main package on one platform."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//toolchains:elf_linker.bzl", "ELF_LINKER_TOOLCHAIN")
load("//toolchains:golink.bzl", "GOLINK_TOOLCHAIN")
load("//toolchains/fips:modules.bzl", "fips_version")
load("//toolchains/fips:toolchain.bzl", "fips_alias_problem")
load(":args.bzl", "tool_args")
load(":binary_aspect.bzl", "GoBinaryAspectInfo", "binary_aspect")
load(":display.bzl", "display", "output_path")
load(":go_sdk.bzl", "GO_SDK_ATTRS", "go_sdk_info")
load(":golink.bzl", "EXEC_GROUP", "golink_action", "golink_command")
load(":providers.bzl", "Go3sLinkInfo", "Go3sStdTableInfo")
load(
    ":rules_go_compat.bzl",
    "GO_TOOLCHAIN",
    "go_archive",
    "go_link_inputs",
    "go_main_sources",
    "go_mode_problem",
    "go_tags",
    "go_target_arch",
)
load(":sections.bzl", "USER_DATA_ATTRS", "add_user_data", "user_data_problem")
load(":startup.bzl", "STARTUP_ATTRS", "add_godebug", "startup_problem", "startup_x_defs")

visibility("//rules/...")

def _archive_flag(data):
    # No part can hold a tab: labels and files may well hold an equals sign.
    return "--archive=" + "\t".join([data.importpath, data.importmap, data.file.path, display(data.label)])

def _metadata_flag(package):
    return "--package-purl={}={}".format(package.importmap, package.file.path)

def _cgo_sources_flags(package):
    return ["--cgo-source={}={}".format(package.importmap, file.path) for file in package.sources]

def _stamp_keys(value):
    """Returns the KEYs of `{KEY}` in value."""
    return [part.split("}")[0] for part in value.split("{")[1:] if "}" in part]

def _is_stable(key):
    return key.startswith("STABLE_") or key in ("BUILD_EMBED_LABEL", "BUILD_USER", "BUILD_HOST")

def _external_linker(ctx, args):
    """Adds the flags for another linker than golink, and returns its inputs."""
    if ctx.attr.linker == "golink":
        for name, value in {"linker_script": ctx.file.linker_script, "linker_flags": ctx.attr.linker_flags}.items():
            if value:
                _fail(ctx, "{} is for an external linker: set linker = \"external\", or remove it".format(name))
        return depset()
    toolchain = ctx.exec_groups[EXEC_GROUP].toolchains[ELF_LINKER_TOOLCHAIN]
    if not toolchain:
        _fail(ctx, ("linker = \"external\": no toolchain of type {} is registered for this platform; register an " +
                    "elf_linker_toolchain (docs/linkers.md), or remove linker").format(ELF_LINKER_TOOLCHAIN))
    for name in USER_DATA_ATTRS:
        if getattr(ctx.attr, name, None):
            _fail(ctx, "{} is for golink: remove linker = \"external\", or let linker_script and linker_flags do it".format(name))
    info = toolchain.elf_linker
    args.add("--external-linker", info.linker)
    args.add("--external-flavor", info.flavor)
    args.add_all(info.flags + ctx.attr.linker_flags, format_each = "--external-flag=%s")
    if ctx.file.linker_script:
        args.add("--linker-script", ctx.file.linker_script)
    return depset([ctx.file.linker_script] if ctx.file.linker_script else [], transitive = [info.files])

def _fail(ctx, problem):
    fail("\n{}: {}: {}".format(
        display(ctx.attr.public_label),
        display(ctx.attr.binary.label),
        problem,
    ))

def _link_impl(ctx):
    binary = ctx.attr.binary
    info = binary[GoBinaryAspectInfo]
    archive = go_archive(binary)
    problem = None
    if not archive:
        problem = "it is no Go target, want a go_binary"
    problem = problem or go_mode_problem(archive, ctx.attr.mode) or user_data_problem(ctx) or startup_problem(ctx)
    problem = problem or fips_alias_problem(ctx.toolchains[GO_TOOLCHAIN], ctx.attr.fips)
    if problem:
        _fail(ctx, problem)

    inputs = go_link_inputs(ctx, archive, info.program, EXEC_GROUP)
    wanted = go_target_arch(ctx)
    if inputs.goarch != wanted:
        _fail(ctx, "it sets goos = \"{}\", goarch = \"{}\", but is wanted for {}; remove them and choose with `platforms`".format(
            inputs.goos,
            inputs.goarch,
            wanted,
        ))

    args = tool_args(ctx)
    sdk = go_sdk_info(ctx, inputs.version)
    args.add("--linker", inputs.linker)
    args.add("--sdk", sdk.root)
    args.add("--sdk-verdict", sdk.verdict)
    unverified_go = ctx.attr._unverified_go[BuildSettingInfo].value
    args.add(unverified_go, format = "--unverified-go=%s")
    args.add(ctx.attr._go_linker[BuildSettingInfo].value, format = "--go-linker=%s")
    args.add("--package-list", inputs.package_list)
    args.add_all("--stdlib", [inputs.stdlib], expand_directories = False)
    args.add_all(inputs.archives, map_each = _archive_flag)
    args.add_all(info.cgo_packages, map_each = _cgo_sources_flags)
    args.add("--main", inputs.main)
    args.add(display(ctx.attr.public_label), format = "--main-label=%s")
    args.add("--main-importmap", inputs.importmap)
    args.add("--main-path", inputs.importpath)
    if info.main_metadata:
        args.add("--main-purl", info.main_metadata)
        if info.directory != None:
            args.add(info.directory, format = "--main-directory=%s")
    args.add_all(info.metadata, map_each = _metadata_flag)
    args.add("--goos", inputs.goos)
    args.add("--goarch", inputs.goarch)
    if inputs.goarch_level:
        args.add("--goarch-level", inputs.goarch_level)
    args.add("--goexperiment", inputs.goexperiment)
    args.add("--buildmode", ctx.attr.mode)

    stamps = {ctx.info_file: True} if inputs.stamp else {}  # for what it says of the version control system
    own_x_defs = {
        name: ctx.expand_make_variables("x_defs", ctx.expand_location(value, info.location_targets + ctx.attr.data), {})
        for name, value in ctx.attr.x_defs.items()
    }
    for name, value in (inputs.x_defs | info.x_defs | own_x_defs | startup_x_defs(ctx)).items():
        args.add("--x-def={}={}".format(name, value))
        if inputs.stamp:
            for key in _stamp_keys(value):
                stamps[ctx.info_file if _is_stable(key) else ctx.version_file] = True
    args.add_all(stamps.keys(), before_each = "--stamp")
    args.add_all(
        inputs.gc_linkopts + [
            ctx.expand_make_variables("gc_linkopts", option, {})
            for option in info.gc_linkopts
        ],
        format_each = "--ldflag=%s",
    )
    if ctx.attr.function_alignment:
        args.add(ctx.attr.function_alignment, format = "--ldflag=-funcalign=%s")
    if ctx.attr.pack:
        args.add("--no-huge-pages")
    if ctx.attr.fips:
        args.add(fips_version(ctx.attr.fips), format = "--fips=%s")
    sources = add_godebug(ctx, args, go_main_sources(archive) + info.test_sources, go_tags(archive))
    user_data = add_user_data(ctx, args)
    external_inputs = _external_linker(ctx, args)
    cgo_sources = depset([file for package in info.cgo_packages.to_list() for file in package.sources])
    metadata = depset([package.file for package in info.metadata.to_list()] + ([info.main_metadata] if info.main_metadata else []))

    command = golink_command(ctx, "link", args, depset(
        # Of the SDK's tools, 60 MB, the linker is all that golink starts.
        [inputs.linker, inputs.package_list, inputs.stdlib] + stamps.keys() + user_data + sources + sdk.godebug + [sdk.verdict],
        transitive = [inputs.libs, external_inputs, cgo_sources, metadata],
    ))

    def link(suffix, flags):
        form = struct(
            file = ctx.actions.declare_file(output_path(ctx.label.name, ctx.attr.basename + suffix)),
            cgo_left_out = ctx.actions.declare_file(output_path(ctx.label.name, ctx.attr.basename + suffix + ".cgo_left_out.json")),
        )
        golink_action(ctx, command, form.file, flags, cgo_left_out = form.cgo_left_out)
        return form

    linked = link("", ["-w"])
    return [
        DefaultInfo(files = depset([linked.file])),
        Go3sLinkInfo(
            archives = archive.transitive,
            package_list = inputs.package_list,
            linked = linked,
            # It doubles the time of a link, and golink leaves it to the SDK's linker. The rest is the same, the build-id included: it
            # derives from what is loaded.
            debug = link(".dwarf", ["--go-linker=cmdlink"]),
            # Another linker may be for other execution platforms than golink.
            command = command if ctx.attr.linker == "golink" else None,
            goarch = inputs.goarch,
            declared_licenses = info.declared_licenses,
            mode = ctx.attr.mode,
            sdk = sdk,
            std_table = ctx.attr._std_table[Go3sStdTableInfo].file,
            unverified_go = unverified_go,
            runfiles = archive.runfiles,
            environment = binary[RunEnvironmentInfo] if RunEnvironmentInfo in binary else RunEnvironmentInfo(),
            instrumented = binary[InstrumentedFilesInfo] if InstrumentedFilesInfo in binary else None,
        ),
    ]

go3s_link = rule(
    implementation = _link_impl,
    doc = "Links the main package of a go_binary or go_test, whose own link action then does not run.",
    attrs = USER_DATA_ATTRS | STARTUP_ATTRS | GO_SDK_ATTRS | {
        "basename": attr.string(
            doc = "File name of the output.",
            mandatory = True,
        ),
        "binary": attr.label(
            doc = "A go_binary or go_test.",
            mandatory = True,
            aspects = [binary_aspect],
        ),
        "data": attr.label_list(
            doc = "What $(location) in x_defs can name, besides what it can name in the binary.",
            allow_files = True,
        ),
        "fips": attr.string(
            doc = "FIPS 140-3 module, as of the rule that depends on this one; empty for none.",
        ),
        "function_alignment": attr.int(
            doc = "Alignment of functions in bytes; 0 for the default of the architecture. [Cost](../docs/startup.md#function-alignment).",
            default = 0,
            values = [0, 8, 16, 32, 64],
        ),
        "pack": attr.string(
            doc = "How the program will be packed; empty for not at all.",
        ),
        "linker": attr.string(
            doc = "What lays out the program: golink, or with `external` the linker (GNU ld, LLD) of a registered `@rules_go3s//toolchains:elf_linker_toolchain_type`; golink adds and checks the same. [Other linkers](../docs/linkers.md).",
            default = "golink",
            values = ["golink", "external"],
        ),
        "linker_flags": attr.string_list(
            doc = "Further options of the external linker, after those of the toolchain. Options that choose the kind of output are refused.",
        ),
        "linker_script": attr.label(
            doc = "Linker script of the external linker.",
            allow_single_file = True,
        ),
        "mode": attr.string(
            doc = "Kind of executable.",
            mandatory = True,
            values = ["exe", "static-pie"],
        ),
        "public_label": attr.string(
            doc = "Label that messages name: the target the user wrote.",
            mandatory = True,
        ),
        "_go_linker": attr.label(
            default = "//rules:go_linker",
            providers = [BuildSettingInfo],
        ),
        "_unverified_go": attr.label(
            default = "//rules:unverified_go",
            providers = [BuildSettingInfo],
        ),
        "x_defs": attr.string_dict(
            doc = "Further `package.variable` to value, over those of the binary.",
        ),
    },
    exec_groups = {
        EXEC_GROUP: exec_group(toolchains = [
            GO_TOOLCHAIN,
            GOLINK_TOOLCHAIN,
            config_common.toolchain_type(ELF_LINKER_TOOLCHAIN, mandatory = False),
        ]),
    },
    toolchains = [GO_TOOLCHAIN],
    provides = [Go3sLinkInfo],
)
