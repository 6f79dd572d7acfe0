"""The rule behind go_static_binary and its relatives: one target, one executable for each platform."""

load("//rules:providers.bzl", "Go3sBinaryInfo", "Go3sVariantInfo")
load(":check.bzl", "check_actions", CHECK_EXEC_GROUPS = "EXEC_GROUPS")
load(":display.bzl", "display")
load(":launcher.bzl", "LAUNCHER_ATTRS", "LAUNCHER_TOOLCHAINS", "is_native", "launcher")
load(":providers.bzl", "Go3sLinkInfo")
load(":strip.bzl", "STRIP_FLAGS", "strip_action", STRIP_EXEC_GROUPS = "EXEC_GROUPS")
load(":transition.bzl", "platforms_transition")

visibility("//rules/...")

def _variant(ctx, platform, link):
    name = ctx.attr.basename
    if platform:
        name += "_" + platform.name

    executable = ctx.actions.declare_file(name)
    if ctx.attr.strip == "none":
        ctx.actions.symlink(output = executable, target_file = link.file, is_executable = True)
    else:
        flags = STRIP_FLAGS[ctx.attr.strip] + ["--keep-symbol=" + symbol for symbol in ctx.attr.keep_symbols]
        if ctx.attr.keep_symbols:
            flags.append("--wildcard")
        strip_action(ctx, link.file, executable, flags)

    debug = ctx.actions.declare_file(name + ".debug")
    strip_action(ctx, link.file, debug, ["--only-keep-debug"], what = "Extracting debug information into")

    report = ctx.actions.declare_file(name + ".linkcheck.json")
    verdict = ctx.actions.declare_file(name + ".linkcheck.passed")
    check_actions(
        ctx,
        executable,
        report,
        verdict,
        profile = ctx.attr.profile,
        goarch = link.goarch,
        policy = ctx.file.linkcheck_policy,
        size_budget = ctx.attr.size_budget,
        label = "{} ({})".format(display(ctx.label), platform.name if platform else "linux_" + link.goarch),
    )
    return struct(
        info = Go3sVariantInfo(
            platform = platform,
            goos = "linux",
            goarch = link.goarch,
            mode = link.mode,
            profile = ctx.attr.profile,
            executable = executable,
            linked = link.file,
            debug = debug,
            report = report,
        ),
        link = link,
        verdict = verdict,
    )

def _target_goarch(ctx):
    for goarch, cpu in {"amd64": ctx.attr._amd64, "arm64": ctx.attr._arm64, "riscv64": ctx.attr._riscv64}.items():
        if ctx.target_platform_has_constraint(cpu[platform_common.ConstraintValueInfo]):
            return goarch
    return None

def _binary_impl(ctx):
    # The order of split_attr is Bazel's own; ours is that of `platforms`.
    platforms = [platform.label for platform in ctx.attr.platforms]
    if platforms:
        variants = [
            _variant(ctx, platform, ctx.split_attr.link[str(platform)][Go3sLinkInfo])
            for platform in platforms
        ]
    else:
        variants = [_variant(ctx, None, ctx.split_attr.link.values()[0][Go3sLinkInfo])]

    # What `bazel run` starts: the executable for the target platform, else the first.
    goarch = _target_goarch(ctx)
    chosen = variants[0]
    for variant in variants:
        if variant.info.goarch == goarch:
            chosen = variant
            break

    runfiles = ctx.runfiles(ctx.files.data).merge_all(
        [chosen.link.runfiles] +
        [target[DefaultInfo].default_runfiles for target in ctx.attr.data],
    )
    executable = chosen.info.executable

    # A target that follows --platforms is its executable, as a go_binary is, so that
    # packaging rules find it; one that names its platforms can be run anywhere.
    if ctx.attr.platforms and not is_native(ctx, chosen.info.goarch):
        executable = ctx.actions.declare_file(ctx.attr.basename + ".run")
        runfiles = launcher(ctx, executable, chosen.info.executable, chosen.info.goarch, runfiles)

    environment = dict(chosen.link.environment.environment)
    for name, value in ctx.attr.env.items():
        environment[name] = ctx.expand_location(value, ctx.attr.data)

    groups = {
        variant.info.platform.name: depset([variant.info.executable])
        for variant in variants
        if variant.info.platform
    }
    providers = [
        DefaultInfo(
            files = depset([variant.info.executable for variant in variants]),
            runfiles = runfiles,
            executable = executable,
        ),
        Go3sBinaryInfo(variants = [variant.info for variant in variants]),
        OutputGroupInfo(
            debug = depset([variant.info.debug for variant in variants]),
            linkcheck_report = depset([variant.info.report for variant in variants]),
            linked = depset([variant.info.linked for variant in variants]),
            _validation = depset([variant.verdict for variant in variants]),
            **groups
        ),
        RunEnvironmentInfo(
            environment = environment,
            inherited_environment = chosen.link.environment.inherited_environment,
        ),
    ]
    if chosen.link.instrumented:
        providers.append(chosen.link.instrumented)
    return providers

go3s_binary = rule(
    implementation = _binary_impl,
    doc = "Strips and checks linked programs, one for each platform.",
    executable = True,
    attrs = LAUNCHER_ATTRS | {
        "basename": attr.string(
            doc = "File name of the executable; with `platforms`, `_<platform's name>` follows it.",
            mandatory = True,
        ),
        "data": attr.label_list(
            doc = "Files and programs needed at run time.",
            allow_files = True,
        ),
        "env": attr.string_dict(
            doc = "Environment of `bazel run`; values may use $(location) of `data`.",
        ),
        "keep_symbols": attr.string_list(
            doc = "Symbols that stripping keeps, as shell patterns.",
        ),
        "link": attr.label(
            doc = "A go3s_link.",
            mandatory = True,
            providers = [Go3sLinkInfo],
            cfg = platforms_transition,
        ),
        "linkcheck_policy": attr.label(
            doc = "Policy file over the profile.",
            allow_single_file = [".json"],
        ),
        "platforms": attr.label_list(
            doc = "Platforms to build for; without, the one of `--platforms`.",
            providers = [platform_common.PlatformInfo],
        ),
        "profile": attr.string(
            doc = "linkcheck profile.",
            mandatory = True,
        ),
        "size_budget": attr.string(
            doc = "Most bytes an executable may have, as `linkcheck --size-budget` reads it; empty for no limit.",
        ),
        "strip": attr.string(
            doc = "`all`, `debug` or `none`.",
            default = "all",
            values = ["all", "debug", "none"],
        ),
        "_amd64": attr.label(default = "@platforms//cpu:x86_64"),
        "_arm64": attr.label(default = "@platforms//cpu:aarch64"),
        "_riscv64": attr.label(default = "@platforms//cpu:riscv64"),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    exec_groups = STRIP_EXEC_GROUPS | CHECK_EXEC_GROUPS,
    toolchains = LAUNCHER_TOOLCHAINS,
    provides = [Go3sBinaryInfo],
)
