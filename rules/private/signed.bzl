"""Signed programs: elfsign over the executables of a program rule, one signed file for each platform."""

load("//rules:providers.bzl", "Go3sBinaryInfo", "Go3sVariantInfo")
load("//toolchains:elfsign.bzl", "ELFSIGN_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":check.bzl", "check_action", "verdict_action", CHECK_EXEC_GROUPS = "EXEC_GROUPS")
load(":display.bzl", "display", "output_path")
load(":launcher.bzl", "CHOICE_ATTRS", "LAUNCHER_ATTRS", "LAUNCHER_TOOLCHAINS", "choose", "is_native", "launcher")

visibility("//rules/...")

_EXEC_GROUP = "go3s_sign"

_EXEC_GROUPS = {
    _EXEC_GROUP: exec_group(toolchains = [ELFSIGN_TOOLCHAIN]),
}

# Output groups of the program that are as true of the signed one.
_PASSED_ON = ["compare_report", "debug", "linked", "seccomp", "symbols", "syscalls", "unpacked"]

def _platform_name(variant):
    return variant.platform.name if variant.platform else "linux_" + variant.goarch

def _problem(ctx, names):
    """Tells what is wrong with the attributes, None if nothing is."""
    for target, name in ctx.attr.signatures.items():
        if name not in names:
            return "signatures: {} is for {}, but {} is built for {}".format(
                display(target.label),
                repr(name),
                display(ctx.attr.binary.label),
                ", ".join(names),
            )
        if len(target[DefaultInfo].files.to_list()) != 1:
            return "signatures: {} has {} files, want one signature; name each file".format(
                display(target.label),
                len(target[DefaultInfo].files.to_list()),
            )
    if ctx.file.test_key and ctx.attr.signatures:
        return ("test_key and signatures: a program with signatures that were made elsewhere is not signed in the build, too; " +
                "remove one of the two")
    if not ctx.files.trust:
        return "trust is empty: name the public keys or certificates of those who may sign"
    return None

def _run(ctx, command, args, inputs, outputs, mnemonic, message):
    ctx.actions.run(
        executable = ctx.exec_groups[_EXEC_GROUP].toolchains[ELFSIGN_TOOLCHAIN].elfsign.tool,
        arguments = [command, args],
        inputs = inputs,
        outputs = outputs,
        mnemonic = mnemonic,
        progress_message = message,
        exec_group = _EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )

def _digest(ctx, program, statement, content):
    """Registers the action that writes what is to be signed."""
    args = tool_args(ctx)
    args.add("-o", statement)
    args.add("--content", content)
    args.add(program)
    _run(ctx, "digest", args, [program], [statement, content], "Go3sDigest", "Hashing %{input} to be signed")

def _sign(ctx, program, out, signatures):
    """Registers the action that makes the signed file."""
    args = tool_args(ctx)
    args.add("-o", out)
    args.add_all(ctx.files.trust, before_each = "--trust")
    if ctx.file.test_key:
        args.add("--test-key")
        args.add("--key", ctx.file.test_key)
        args.add(program)
        _run(ctx, "sign", args, [program, ctx.file.test_key] + ctx.files.trust, [out], "Go3sSign", "Signing %{output}")
        return
    args.add_all(signatures, before_each = "--signature")
    args.add(program)
    _run(ctx, "attach", args, [program] + ctx.files.trust + signatures, [out], "Go3sSign", "Attaching signatures to %{output}")

def _variant(ctx, variant):
    """Returns struct(info, signed, statement, content) of the signed form of a Go3sVariantInfo."""
    name = ctx.label.name + ("_" + variant.platform.name if variant.platform else "")

    def declare(name):
        return ctx.actions.declare_file(output_path(ctx.label.name, name))

    out, statement, content = declare(name), declare(name + ".statement"), declare(name + ".content")
    _digest(ctx, variant.executable, statement, content)
    signatures = [
        target[DefaultInfo].files.to_list()[0]
        for target, platform in ctx.attr.signatures.items()
        if platform == _platform_name(variant)
    ]
    _sign(ctx, variant.executable, out, signatures)
    report = declare(name + ".linkcheck.json")
    check_action(
        ctx,
        out,
        report,
        profile = variant.profile,
        goarch = variant.goarch,
        policy = ctx.file.linkcheck_policy,
        size_budget = "",
        label = "{} ({})".format(display(ctx.label), _platform_name(variant)),
        symbols = variant.symbols,
    )
    return struct(
        info = Go3sVariantInfo(
            platform = variant.platform,
            goos = variant.goos,
            goarch = variant.goarch,
            mode = variant.mode,
            profile = variant.profile,
            executable = out,
            unpacked = variant.unpacked,
            linked = variant.linked,
            debug = variant.debug,
            symbols = variant.symbols,
            report = report,
            declared_licenses = variant.declared_licenses,
        ),
        signed = bool(signatures or ctx.file.test_key),
        statement = statement,
        content = content,
    )

def _go_signed_binary_impl(ctx):
    binary = ctx.attr.binary
    problem = _problem(ctx, [_platform_name(variant) for variant in binary[Go3sBinaryInfo].variants])
    if problem:
        fail("\n{}: {}".format(display(ctx.label), problem))
    variants = [_variant(ctx, variant) for variant in binary[Go3sBinaryInfo].variants]

    # Bazel builds validations with every output group, and there is nothing to check before there are signatures.
    reports = [variant.info.report for variant in variants if variant.signed]
    verdicts = []
    if reports and not ctx.configuration.coverage_enabled:
        verdicts = [ctx.actions.declare_file(output_path(ctx.label.name, ctx.label.name + ".linkcheck.passed"))]
        verdict_action(ctx, reports, verdicts[0], label = display(ctx.label))
    chosen = choose(ctx, [variant.info for variant in variants])
    executable = chosen.executable
    runfiles = binary[DefaultInfo].default_runfiles
    if chosen.platform and not is_native(ctx, chosen.goarch):
        executable = ctx.actions.declare_file(output_path(ctx.label.name, ctx.label.name + ".run"))
        runfiles = launcher(ctx, executable, chosen.executable, chosen.goarch, runfiles)
    groups = {group: getattr(binary[OutputGroupInfo], group) for group in _PASSED_ON}
    groups.update({
        variant.info.platform.name: depset([variant.info.executable])
        for variant in variants
        if variant.info.platform
    })
    return [
        DefaultInfo(
            files = depset([variant.info.executable for variant in variants]),
            runfiles = runfiles,
            executable = executable,
        ),
        Go3sBinaryInfo(variants = [variant.info for variant in variants]),
        OutputGroupInfo(
            content = depset([variant.content for variant in variants]),
            digest = depset([variant.statement for variant in variants]),
            linkcheck_report = depset([variant.info.report for variant in variants]),
            _validation = depset(verdicts),
            **groups
        ),
        binary[RunEnvironmentInfo],
    ]

go_signed_binary = rule(
    implementation = _go_signed_binary_impl,
    doc = """Signs the executables that a program rule of this module builds, one for each of its platforms.

The key need not be where Bazel runs. Without `signatures`, `bazel build --output_groups=digest` gives a `<name>_<platform>.statement`
for each platform, which an Ed25519 key signs, and `--output_groups=content` the `.content` that a CMS signature is of. Signatures of
them, made anywhere, go into `signatures`; the build attaches those that verify by `trust` and refuses others. They hold until the
program changes by a byte.
[How to make them](../docs/signing.md#two-steps).

Signed files are checked by linkcheck as the program is, and what uses the program can use the signed one: `data`, environment and
other output groups are the program's.""",
    executable = True,
    attrs = LAUNCHER_ATTRS | CHOICE_ATTRS | {
        "binary": attr.label(
            doc = "The program: a `go_static_binary`, `go_pie_binary`, `go_nolibc_binary` or `go_asm_binary`.",
            mandatory = True,
            providers = [Go3sBinaryInfo],
        ),
        "linkcheck_policy": attr.label(
            doc = "Policy file over the profile of the program; usually the one that the program has.",
            allow_single_file = [".json"],
        ),
        "signatures": attr.label_keyed_string_dict(
            doc = "Files with one signature each (64 bytes of Ed25519, or CMS in DER or PEM), and the platform that each is for, for example " +
                  "`{\"server_arm64.sig\": \"linux_arm64\"}`; `linux_` and the GOARCH for a program without `platforms`. " +
                  "Default none: then only the output groups can be built.",
            allow_files = True,
        ),
        "test_key": attr.label(
            doc = "PEM file with an Ed25519 private key to sign with in the build, which `trust` must know, for tests only: Bazel copies it to " +
                  "wherever actions run and into caches. Default none.",
            allow_single_file = True,
        ),
        "trust": attr.label_list(
            doc = "PEM files with the public keys (Ed25519) and certificates (CMS) of those who may sign; one at least.",
            mandatory = True,
            allow_files = True,
        ),
    },
    exec_groups = _EXEC_GROUPS | CHECK_EXEC_GROUPS,
    toolchains = LAUNCHER_TOOLCHAINS,
    provides = [Go3sBinaryInfo],
)
