"""The rule behind go_static_binary and its relatives: one target, one executable for each platform."""

load("//rules:providers.bzl", "Go3sBinaryInfo", "Go3sVariantInfo")
load("//toolchains/fips:modules.bzl", "fips_names", "fips_version")
load(":check.bzl", "check_actions", "packages_action", CHECK_EXEC_GROUPS = "EXEC_GROUPS")
load(":compare.bzl", "compare_actions")
load(":display.bzl", "display", "output_path")
load(":fips.bzl", "fips_action")
load(":launcher.bzl", "LAUNCHER_ATTRS", "LAUNCHER_TOOLCHAINS", "is_native", "launcher")
load(":providers.bzl", "Go3sLinkInfo")
load(":strip.bzl", "PACKINGS", "STRIP_FLAGS", "TRACEBACKS", "strip_action", "strip_problem", STRIP_EXEC_GROUPS = "EXEC_GROUPS")
load(":syscalls.bzl", "syscall_actions")
load(":transition.bzl", "platforms_transition")

visibility("//rules/...")

def _strip(ctx, link, out, symbols):
    """Registers the action that makes the executable of what the linker left."""
    if ctx.attr.strip == "none":
        ctx.actions.symlink(output = out, target_file = link.debug, is_executable = True)
        return
    flags = STRIP_FLAGS[ctx.attr.strip] + ["--keep-symbol=" + symbol for symbol in ctx.attr.keep_symbols]
    if ctx.attr.keep_symbols:
        flags.append("--wildcard")
    sdk_verdict = None
    if ctx.attr.traceback:
        flags.append("--traceback=" + ctx.attr.traceback)
        flags.append("--unverified-go=" + link.unverified_go)
        sdk_verdict = link.sdk.verdict
    strip_action(ctx, link.file, out, flags, symbols = symbols, sdk_verdict = sdk_verdict)

def _declare(ctx, name):
    """Declares an output in a place that depends on the label and its platform alone."""
    return ctx.actions.declare_file(output_path(ctx.label.name, name))

def _check(ctx, platform, link, executable, symbols, packages, profile, size_budget):
    """Registers the check of one executable and returns (report, verdict)."""
    report = _declare(ctx, executable.basename + ".linkcheck.json")
    verdict = _declare(ctx, executable.basename + ".linkcheck.passed")
    check_actions(
        ctx,
        executable,
        report,
        verdict,
        profile = profile,
        goarch = link.goarch,
        policy = ctx.file.linkcheck_policy,
        size_budget = size_budget,
        label = _shown(ctx, platform, link),
        symbols = symbols,
        packages = packages,
        cgo_left_out = link.cgo_left_out,
        fips = fips_version(ctx.attr.fips),
        sdk_verdict = link.sdk.verdict if link.sdk else None,
    )
    return report, verdict

def _shown(ctx, platform, link):
    """Returns the name of one executable in reports."""
    return "{} ({})".format(display(ctx.label), platform.name if platform else "linux_" + link.goarch)

def _variant(ctx, platform, link):
    suffix = "_" + platform.name if platform else ""
    name = ctx.attr.basename + suffix
    executable = ctx.actions.declare_file(ctx.attr.out + suffix) if ctx.attr.out else _declare(ctx, name)
    symbols = _declare(ctx, name + ".symbols") if ctx.attr.traceback == "symbolized" else None
    debug = _declare(ctx, name + ".debug")
    strip_action(ctx, link.debug, debug, ["--only-keep-debug"], what = "Extracting debug information into")

    packages = None
    if ctx.file.linkcheck_policy and link.archives:
        packages = _declare(ctx, name + ".packages.json")
        packages_action(ctx, link.archives, link.package_list, packages)

    unpacked = None
    if ctx.attr.pack:
        unpacked = _declare(ctx, name + ".unpacked")
        _strip(ctx, link, unpacked, symbols)
        strip_action(ctx, unpacked, executable, ["--pack=" + ctx.attr.pack], mnemonic = "Go3sPack", what = "Packing")
        checks = [
            _check(ctx, platform, link, unpacked, symbols, packages, ctx.attr.profile, ""),
            _check(ctx, platform, link, executable, symbols, packages, "packed", ctx.attr.size_budget),
        ]
    else:
        _strip(ctx, link, executable, symbols)
        checks = [_check(ctx, platform, link, executable, symbols, packages, ctx.attr.profile, ctx.attr.size_budget)]

    syscalls = syscall_actions(
        ctx,
        name = name,
        programs = [link.file] + ([executable] if unpacked else []),
        allowed = ctx.file.allowed_syscalls,
        label = _shown(ctx, platform, link),
    )

    fips = None
    if ctx.attr.fips:
        fips = _declare(ctx, name + ".fips.json")
        fips_action(ctx, executable, symbols, fips, _shown(ctx, platform, link))

    reports = [report for report, _ in checks]
    return struct(
        info = Go3sVariantInfo(
            platform = platform,
            goos = "linux",
            goarch = link.goarch,
            mode = link.mode,
            profile = "packed" if unpacked else ctx.attr.profile,
            executable = executable,
            unpacked = unpacked,
            linked = link.file,
            debug = debug,
            symbols = symbols,
            report = reports[-1],
        ),
        fips = fips,
        link = link,
        reports = reports,
        syscalls = syscalls,
        verdicts = [verdict for _, verdict in checks] + ([syscalls.verdict] if syscalls.verdict else []),
    )

def _compare(ctx, variants):
    """Compares the variants, if they are for several architectures.

    Returns:
      (reports, verdicts): lists of Files.
    """
    linked = {}
    for variant in variants:
        # Two platforms of one architecture, such as linux_amd64 and linux_amd64_v3, count once.
        linked.setdefault(variant.info.goarch, variant.info.linked)
    if ctx.attr.compare == "off" or len(linked) < 2:
        return [], []
    report = _declare(ctx, ctx.attr.basename + ".compare.json")
    verdict = _declare(ctx, ctx.attr.basename + ".compare.passed") if ctx.attr.compare == "strict" else None
    compare_actions(
        ctx,
        linked.values(),
        variants[0].link.std_table,
        report,
        verdict,
        policy = ctx.file.linkcheck_policy,
        label = display(ctx.label),
    )
    return [report], ([verdict] if verdict else [])

def _platforms_problem(ctx):
    """Tells what is wrong with `platforms`, None if nothing is."""
    named = {}
    for platform in ctx.attr.platforms:
        other = named.setdefault(platform.label.name, platform.label)
        if other != platform.label:
            return ("platforms: {} and {} have the same name, after which the executables are named; " +
                    "rename one, or build it by a target of its own").format(display(other), display(platform.label))
    if len(named) != len(ctx.attr.platforms):
        return "platforms: one of {} is there twice; remove it".format(
            ", ".join([display(platform.label) for platform in ctx.attr.platforms]),
        )
    return None

def _validations(ctx, variants, compare_verdicts):
    """Returns the files that are built only if the executables are right."""
    if ctx.configuration.coverage_enabled:
        # The program that `bazel coverage` builds is another one: larger, with more system calls, from sources that were
        # rewritten in a temporary folder. Nobody ships it.
        return []
    return [verdict for variant in variants for verdict in variant.verdicts] + compare_verdicts

def _target_goarch(ctx):
    for goarch, cpu in {"amd64": ctx.attr._amd64, "arm64": ctx.attr._arm64, "riscv64": ctx.attr._riscv64}.items():
        if ctx.target_platform_has_constraint(cpu[platform_common.ConstraintValueInfo]):
            return goarch
    return None

def _binary_impl(ctx):
    problem = strip_problem(ctx) or _platforms_problem(ctx)
    if problem:
        fail("\n{}: {}".format(display(ctx.label), problem))

    # The order of split_attr is Bazel's own; ours is that of `platforms`.
    if ctx.attr.platforms:
        variants = [
            _variant(ctx, platform.label, ctx.split_attr.link[str(i)][Go3sLinkInfo])
            for i, platform in enumerate(ctx.attr.platforms)
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
        executable = _declare(ctx, ctx.attr.basename + ".run")
        runfiles = launcher(ctx, executable, chosen.info.executable, chosen.info.goarch, runfiles)

    environment = dict(chosen.link.environment.environment)
    for name, value in ctx.attr.env.items():
        environment[name] = ctx.expand_location(value, ctx.attr.data)

    compare_reports, compare_verdicts = _compare(ctx, variants)
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
            compare_report = depset(compare_reports),
            debug = depset([variant.info.debug for variant in variants]),
            fips = depset([variant.fips for variant in variants if variant.fips]),
            # The reports that are judged.
            linkcheck_report = depset(
                [report for variant in variants for report in variant.reports] + (compare_reports if compare_verdicts else []),
            ),
            linked = depset([variant.info.linked for variant in variants]),
            seccomp = depset([variant.syscalls.seccomp for variant in variants]),
            symbols = depset([variant.info.symbols for variant in variants if variant.info.symbols]),
            syscalls = depset([variant.syscalls.report for variant in variants]),
            unpacked = depset([variant.info.unpacked for variant in variants if variant.info.unpacked]),
            _validation = depset(_validations(ctx, variants, compare_verdicts)),
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
        "allowed_syscalls": attr.label(
            doc = "List of the system calls that the program may make, as `linkcheck syscalls --list` writes it.",
            allow_single_file = True,
        ),
        "basename": attr.string(
            doc = "File name of the executable; with `platforms`, `_<platform's name>` follows it.",
            mandatory = True,
        ),
        "compare": attr.string(
            doc = "What becomes of a comparison of the executables for several architectures: `off`, `report` (output group " +
                  "`compare_report`), or `strict` (an error fails the build).",
            default = "report",
            values = ["off", "report", "strict"],
        ),
        "data": attr.label_list(
            doc = "Files and programs needed at run time.",
            allow_files = True,
        ),
        "env": attr.string_dict(
            doc = "Environment of `bazel run`; values may use $(location) of `data`.",
        ),
        "fips": attr.string(
            doc = "FIPS 140-3 module; empty for none.",
            values = [""] + fips_names(),
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
        "out": attr.string(
            doc = "Path of the executable in the package, instead of one that follows from name and basename; with `platforms`, " +
                  "`_<platform's name>` follows it.",
        ),
        "pack": attr.string(
            doc = "How the executable is packed; empty for not at all.",
            values = PACKINGS,
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
        "traceback": attr.string(
            doc = "What tracebacks still show; empty for programs that have none.",
            values = TRACEBACKS,
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
