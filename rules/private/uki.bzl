"""Unified kernel images, and their signatures for Secure Boot."""

load("//rules:providers.bzl", "Go3sInitramfsInfo", "Go3sUkiInfo")
load("//toolchains:uki.bzl", "UKI_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":boot_sbom.bzl", "SBOM_ATTRS", "sbom_action")
load(":display.bzl", "display", "output_path")

visibility("//rules/...")

_EXEC_GROUP = "go3s_uki"

def _run(ctx, command, args, inputs, output, message):
    ctx.actions.run(
        executable = ctx.exec_groups[_EXEC_GROUP].toolchains[UKI_TOOLCHAIN].uki.tool,
        arguments = [command, args],
        inputs = inputs,
        outputs = [output],
        mnemonic = "Go3sUki",
        progress_message = message,
        exec_group = _EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )

def _problem(ctx):
    """Tells what is wrong with the attributes, None if nothing is."""
    if ctx.file.test_key and ctx.file.signature:
        return "test_key and signature: an image with a signature that was made elsewhere is not signed in the build, too; remove one of the two"
    if (ctx.file.test_key or ctx.file.signature) and not ctx.file.certificate:
        return "test_key or signature without certificate: name the certificate of the key, which the firmware has"
    return None

def _uki_image_impl(ctx):
    problem = _problem(ctx)
    if problem:
        fail("\n{}: {}".format(display(ctx.label), problem))
    info = ctx.attr.initramfs[Go3sInitramfsInfo]
    out = ctx.actions.declare_file(ctx.label.name + ".efi")
    signed = bool(ctx.file.test_key or ctx.file.signature)
    unsigned = ctx.actions.declare_file(output_path(ctx.label.name, ctx.label.name + ".unsigned.efi")) if signed else out

    args = tool_args(ctx)
    args.add("--stub", ctx.file.stub)
    args.add("--kernel", ctx.file.kernel)
    args.add("--initramfs", info.file)
    args.add("--cmdline", ctx.attr.command_line)
    args.add("--os-release", ctx.file.os_release)
    args.add("--goarch", info.goarch)
    args.add("-o", unsigned)
    _run(ctx, "build", args, [ctx.file.stub, ctx.file.kernel, info.file, ctx.file.os_release], unsigned, "Making %{output}")

    digest = ctx.actions.declare_file(output_path(ctx.label.name, ctx.label.name + ".digest"))
    args = tool_args(ctx)
    args.add("-o", digest)
    args.add(unsigned)
    _run(ctx, "digest", args, [unsigned], digest, "Hashing %{input} to be signed")

    if signed:
        args = tool_args(ctx)
        args.add("--cert", ctx.file.certificate)
        args.add("-o", out)
        if ctx.file.test_key:
            args.add("--test-key")
            args.add("--key", ctx.file.test_key)
        else:
            args.add("--signature", ctx.file.signature)
        args.add(unsigned)
        _run(
            ctx,
            "sign" if ctx.file.test_key else "attach",
            args,
            [unsigned, ctx.file.certificate, ctx.file.test_key or ctx.file.signature],
            out,
            "Signing %{output}",
        )
    return [
        DefaultInfo(files = depset([out])),
        Go3sUkiInfo(file = out, goarch = info.goarch, signed = signed),
        OutputGroupInfo(
            digest = depset([digest]),
            linkcheck_report = ctx.attr.initramfs[OutputGroupInfo].linkcheck_report,
            sbom = depset(sbom_action(ctx, unsigned, _EXEC_GROUP)),
            unsigned = depset([unsigned]),
        ),
    ]

uki_image = rule(
    implementation = _uki_image_impl,
    doc = """Makes `<name>.efi`, a unified kernel image: systemd's stub with a kernel, an initramfs and a command line, as one UEFI program.

With `test_key` or `signature` it is signed for Secure Boot (Authenticode, RSA and SHA-256); the bytes follow from inputs and key. The
key need not be where Bazel runs: `bazel build --output_groups=digest` gives what is to be signed, `<name>.digest`, and the signature
that was made of it anywhere (PKCS #1 v1.5, for example by `openssl dgst -sha256 -sign`) is attached by `signature`, and refused if it is
not of this image by the key of `certificate`.
The output group `sbom` has bills of materials of what is inside. [How to boot it](../docs/boot.md).""",
    attrs = SBOM_ATTRS | {
        "certificate": attr.label(
            doc = "PEM file with the certificate of the key, RSA of 2048 bits at least, which the machine's firmware has in db.",
            allow_single_file = True,
        ),
        "command_line": attr.string(
            doc = "The kernel's command line, 1 to 1024 bytes. What follows `--` are arguments for `/init`.",
            mandatory = True,
        ),
        "initramfs": attr.label(
            doc = "An `initramfs`. Its architecture is that of the image.",
            mandatory = True,
            providers = [Go3sInitramfsInfo],
        ),
        "kernel": attr.label(
            doc = "A kernel that starts as a UEFI program, as distributions have them, for example `@rules_go3s_boot//:kernel_amd64`.",
            mandatory = True,
            allow_single_file = True,
        ),
        "os_release": attr.label(
            doc = "A file as os-release(5), with a line `ID=…`: what boot menus show.",
            mandatory = True,
            allow_single_file = True,
        ),
        "signature": attr.label(
            doc = "File with an RSA signature of `<name>.digest`. Default none.",
            allow_single_file = True,
        ),
        "stub": attr.label(
            doc = "systemd's stub for the architecture, for example `@rules_go3s_boot//:stub_amd64`.",
            mandatory = True,
            allow_single_file = True,
        ),
        "test_key": attr.label(
            doc = "PEM file with an RSA private key to sign with in the build, for tests only: Bazel copies it to " +
                  "wherever actions run and into caches. Default none.",
            allow_single_file = True,
        ),
    },
    exec_groups = {_EXEC_GROUP: exec_group(toolchains = [UKI_TOOLCHAIN])},
    provides = [Go3sUkiInfo],
)
