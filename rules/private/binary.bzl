"""The rule behind go_static_binary and its relatives: one target, one executable for each platform."""

load("//rules:providers.bzl", "Go3sBinaryInfo", "Go3sVariantInfo")
load("//toolchains/fips:modules.bzl", "fips_names", "fips_version")
load(":check.bzl", "check_action", "packages_action", "verdict_action", CHECK_EXEC_GROUPS = "EXEC_GROUPS")
load(":compare.bzl", "compare_action")
load(":display.bzl", "display", "output_path")
load(":fips.bzl", "fips_action")
load(":golink.bzl", "can_link", "golink_action", GOLINK_EXEC_GROUPS = "EXEC_GROUPS")
load(":launcher.bzl", "CHOICE_ATTRS", "LAUNCHER_ATTRS", "LAUNCHER_TOOLCHAINS", "choose", "is_native", "launcher")
load(":providers.bzl", "Go3sLinkInfo")
load(":size_report.bzl", "measured_variant", "size_report_action")
load(":strip.bzl", "PACKINGS", "RENAMED_TRACEBACKS", "STRIP_FLAGS", "TRACEBACKS", "strip_action", "strip_problem", STRIP_EXEC_GROUPS = "EXEC_GROUPS")
load(":syscalls.bzl", "syscall_actions")
load(":transition.bzl", "platforms_transition")

visibility("//rules/...")

def _links_executable(ctx, link):
    """Tells whether golink makes the executable, and not elfstrip of a program with symbols."""

    # A program that checks of the build read is linked with symbols anyway. To strip it costs less than to link again.
    is_checked = bool(ctx.file.allowed_syscalls) or (ctx.attr.compare == "strict" and len(ctx.attr.platforms) > 1)
    return ctx.attr.strip == "all" and not ctx.attr.keep_symbols and not is_checked and link.command and can_link(ctx, link.command)

def _executable(ctx, link, out, symbols):
    """Registers the action that makes the executable. Its bytes are the same, whichever it is.

    Args:
      ctx: context of the rule.
      link: Go3sLinkInfo.
      out: File: the executable to write.
      symbols: File: where to write what `traceback = "external"` takes out, or None.
    Returns:
      File: the link's report on the files that building without cgo left out.
    """
    if ctx.attr.strip == "none":
        ctx.actions.symlink(output = out, target_file = link.debug.file, is_executable = True)
        return link.debug.cgo_left_out
    tables = ["--traceback=" + ctx.attr.traceback] if ctx.attr.traceback else []
    if _links_executable(ctx, link):
        cgo_left_out = _declare(ctx, out.basename + ".cgo_left_out.json") if link.linked.cgo_left_out else None

        # Assembly is always linked without symbols.
        golink_action(ctx, link.command, out, ["--strip-all"] + tables if tables else [], cgo_left_out = cgo_left_out, symbols = symbols)
        return cgo_left_out
    flags = STRIP_FLAGS[ctx.attr.strip] + tables + ["--keep-symbol=" + symbol for symbol in ctx.attr.keep_symbols]
    if ctx.attr.keep_symbols:
        flags.append("--wildcard")
    sdk_verdict = None
    if ctx.attr.traceback:
        flags.append("--unverified-go=" + link.unverified_go)
        sdk_verdict = link.sdk.verdict
    strip_action(ctx, link.linked.file, out, flags, symbols = symbols, sdk_verdict = sdk_verdict)
    return link.linked.cgo_left_out

def _declare(ctx, name):
    """Declares an output in a place that depends on the label and its platform alone."""
    return ctx.actions.declare_file(output_path(ctx.label.name, name))

def _check(ctx, platform, link, executable, symbols, packages, cgo_left_out, profile, size_budget):
    """Registers the check of one executable and returns the report."""
    report = _declare(ctx, executable.basename + ".linkcheck.json")
    check_action(
        ctx,
        executable,
        report,
        profile = profile,
        goarch = link.goarch,
        policy = ctx.file.linkcheck_policy,
        size_budget = size_budget,
        label = _shown(ctx, platform, link),
        symbols = symbols,
        packages = packages,
        cgo_left_out = cgo_left_out,
        fips = fips_version(ctx.attr.fips),
        sdk_verdict = link.sdk.verdict if link.sdk else None,
        unverified_go = link.unverified_go,
    )
    return report

def _shown(ctx, platform, link):
    """Returns the name of one executable in reports."""
    return "{} ({})".format(display(ctx.label), platform.name if platform else "linux_" + link.goarch)

def _variant(ctx, platform, link):
    suffix = "_" + platform.name if platform else ""
    name = ctx.attr.basename + suffix
    executable = ctx.actions.declare_file(ctx.attr.out + suffix) if ctx.attr.out else _declare(ctx, name)
    symbols = _declare(ctx, name + ".symbols") if ctx.attr.traceback == "external" else None
    debug = _declare(ctx, name + ".debug")
    strip_action(ctx, link.debug.file, debug, ["--only-keep-debug"], what = "Extracting debug information into")

    packages = None
    if ctx.file.linkcheck_policy and link.archives:
        packages = _declare(ctx, name + ".packages.json")
        packages_action(ctx, link.archives, link.package_list, packages)

    unpacked = None
    if ctx.attr.pack:
        unpacked = _declare(ctx, name + ".unpacked")
        left_out = _executable(ctx, link, unpacked, symbols)
        strip_action(ctx, unpacked, executable, ["--pack=" + ctx.attr.pack], mnemonic = "Go3sPack", what = "Packing")
        reports = [
            _check(ctx, platform, link, unpacked, symbols, packages, left_out, ctx.attr.profile, ""),
            _check(ctx, platform, link, executable, symbols, packages, left_out, "packed", ctx.attr.size_budget),
        ]
    else:
        left_out = _executable(ctx, link, executable, symbols)
        reports = [_check(ctx, platform, link, executable, symbols, packages, left_out, ctx.attr.profile, ctx.attr.size_budget)]

    syscalls = syscall_actions(
        ctx,
        name = name,
        programs = [link.linked.file] + ([executable] if unpacked else []),
        allowed = ctx.file.allowed_syscalls,
        label = _shown(ctx, platform, link),
        unverified_go = link.unverified_go,
    )

    fips = None
    if ctx.attr.fips:
        fips = _declare(ctx, name + ".fips.json")
        fips_action(ctx, executable, symbols, fips, _shown(ctx, platform, link))

    return struct(
        info = Go3sVariantInfo(
            platform = platform,
            goos = "linux",
            goarch = link.goarch,
            mode = link.mode,
            profile = "packed" if unpacked else ctx.attr.profile,
            executable = executable,
            unpacked = unpacked,
            linked = link.linked.file,
            debug = debug,
            symbols = symbols,
            report = reports[-1],
            declared_licenses = link.declared_licenses,
        ),
        fips = fips,
        link = link,
        reports = reports,
        syscalls = syscalls,
    )

def _compare(ctx, variants):
    """Compares the variants, if they are for several architectures, and returns a list of reports."""
    linked = {}
    for variant in variants:
        # Two platforms of one architecture, such as linux_amd64 and linux_amd64_v3, count once.
        linked.setdefault(variant.info.goarch, variant.info.linked)
    if ctx.attr.compare == "off" or len(linked) < 2:
        return []
    report = _declare(ctx, ctx.attr.basename + ".compare.json")
    compare_action(
        ctx,
        linked.values(),
        variants[0].link.std_table,
        report,
        policy = ctx.file.linkcheck_policy,
        label = display(ctx.label),
        unverified_go = variants[0].link.unverified_go,
    )
    return [report]

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

def _validations(ctx, variants, reports):
    """Registers the verdict on the reports, and returns the files that are built only if the executables are right."""
    if ctx.configuration.coverage_enabled:
        # The program that `bazel coverage` builds is another one: larger, with more system calls, from sources that were
        # rewritten in a temporary folder. Nobody ships it.
        return []
    verdict = _declare(ctx, ctx.attr.basename + ".linkcheck.passed")
    verdict_action(
        ctx,
        reports,
        verdict,
        label = display(ctx.label),
        syscalls = [variant.syscalls.report for variant in variants] if ctx.file.allowed_syscalls else [],
        allowed = ctx.file.allowed_syscalls,
    )
    return [verdict]

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

    info = choose(ctx, [variant.info for variant in variants])
    chosen = [variant for variant in variants if variant.info == info][0]

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

    compare_reports = _compare(ctx, variants)
    judged = [report for variant in variants for report in variant.reports] + (compare_reports if ctx.attr.compare == "strict" else [])
    size_report = _declare(ctx, ctx.attr.basename + ".sizes.json")
    size_page = _declare(ctx, ctx.attr.basename + ".sizes.html")
    size_report_action(ctx, [measured_variant(variant.info) for variant in variants], size_report, size_page, label = display(ctx.label))
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
            linkcheck_report = depset(judged),
            linked = depset([variant.info.linked for variant in variants]),
            seccomp = depset([variant.syscalls.seccomp for variant in variants]),
            size_report = depset([size_report, size_page]),
            symbols = depset([variant.info.symbols for variant in variants if variant.info.symbols]),
            syscalls = depset([variant.syscalls.report for variant in variants]),
            unpacked = depset([variant.info.unpacked for variant in variants if variant.info.unpacked]),
            _validation = depset(_validations(ctx, variants, judged)),
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
    attrs = LAUNCHER_ATTRS | CHOICE_ATTRS | {
        "allowed_syscalls": attr.label(
            doc = "List of the system calls that the program may make, as `linkcheck syscalls --list` writes it. The build fails when the " +
                  "program can make another one. [System calls](../docs/syscalls.md).",
            allow_single_file = True,
        ),
        "basename": attr.string(
            doc = "File name of the executable; with `platforms`, `_<platform's name>` follows it.",
            mandatory = True,
        ),
        "compare": attr.string(
            doc = "When `platforms` are of several architectures: `report` offers a report, in the output group `compare_report`, on what " +
                  "differs between the programs and is not explained by the standard library's files for one architecture or by the " +
                  "compiler ([what is compared](../docs/compare.md)); `strict` fails the build when there is an error in it; `off` does " +
                  "neither. Allowances of `linkcheck_policy` accept differences.",
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
            doc = "FIPS 140-3 module: `latest`, `certified`, `inprocess` or a version such as `v1.0.0`; empty for none. [What each is](../docs/fips.md).",
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
            doc = "[Policy file](../docs/linkcheck.md#policy-files) over the profile.",
            allow_single_file = [".json"],
        ),
        "out": attr.string(
            doc = "Path of the executable in the package, instead of one that follows from name and basename; with `platforms`, " +
                  "`_<platform's name>` follows it.",
        ),
        "pack": attr.string(
            doc = "`lz4` makes an executable that decompresses itself when it starts, in less than half the size, for a slower start and " +
                  "private memory; empty for none. Needs `strip = \"all\"` and no `keep_symbols`. linkcheck judges the packed and the " +
                  "unpacked program. [Cost and use](../docs/packing.md).",
            values = PACKINGS,
        ),
        "platforms": attr.label_list(
            doc = "Platforms to build for, for example `@rules_go3s//platforms:linux_arm64`; without, the one of `--platforms`.",
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
            doc = "`all` takes out symbols and debug information, but keeps `go:func.*`, which govulncheck needs; `debug` takes out " +
                  "debug information only; `none` nothing.",
            default = "all",
            values = ["all", "debug", "none"],
        ),
        "traceback": attr.string(
            doc = "What tracebacks still show; empty for programs that have none.",
            values = TRACEBACKS + RENAMED_TRACEBACKS.keys(),
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    exec_groups = GOLINK_EXEC_GROUPS | STRIP_EXEC_GROUPS | CHECK_EXEC_GROUPS,
    toolchains = LAUNCHER_TOOLCHAINS,
    provides = [Go3sBinaryInfo],
)
