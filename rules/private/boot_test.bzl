"""Tests that boot a virtual machine by qemu."""

load("//rules:providers.bzl", "Go3sInitramfsInfo", "Go3sUkiInfo")
load("//toolchains:boot.bzl", "BootToolsInfo")
load(":display.bzl", "display")

visibility("//rules/...")

# Attributes that have a meaning for one of the two kinds of boot only.
_OF_IMAGES = ["flip", "refused", "revoke_image", "revoked", "trust"]
_OF_KERNELS = ["command_line", "initramfs"]

def _problem(ctx):
    """Tells what is wrong with the attributes, None if nothing is."""
    if bool(ctx.attr.image) == bool(ctx.attr.kernel):
        return "want either image (boot by firmware) or kernel (direct boot)"
    kind, other = ("image", _OF_KERNELS) if ctx.attr.image else ("kernel", _OF_IMAGES)
    for name in other:
        if getattr(ctx.attr, name):
            return "{} has no meaning with {}; remove it".format(name, kind)
    if ctx.attr.kernel and not (ctx.attr.initramfs and ctx.attr.command_line):
        return "kernel needs initramfs and command_line"
    if ctx.attr.image and not ctx.files.trust:
        return "trust is empty: name the certificates that the firmware has, the owner's first"
    if ctx.attr.refused and ctx.attr.expect:
        return "refused and expect: a machine whose firmware refuses the image prints nothing of it; remove one of the two"
    if not ctx.attr.refused and not ctx.attr.expect:
        return "expect is empty: name what the machine prints when all went well"
    return None

def _boot_test_impl(ctx):
    problem = _problem(ctx)
    if problem:
        fail("\n{}: {}".format(display(ctx.label), problem))
    info = ctx.attr.image[Go3sUkiInfo] if ctx.attr.image else ctx.attr.initramfs[Go3sInitramfsInfo]
    files = [info.file] + ctx.files.trust + ctx.files.revoked + ctx.files.kernel

    def paths(files):
        return [file.short_path for file in files]

    config = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(config, json.encode_indent(struct(
        label = display(ctx.label),
        goarch = info.goarch,
        tools = ctx.attr._tools[BootToolsInfo].directory,
        image = info.file.short_path if ctx.attr.image else "",
        trust = paths(ctx.files.trust),
        revoked = paths(ctx.files.revoked),
        revoke_image = ctx.attr.revoke_image,
        flip = ctx.attr.flip,
        kernel = ctx.file.kernel.short_path if ctx.file.kernel else "",
        initramfs = "" if ctx.attr.image else info.file.short_path,
        command_line = ctx.attr.command_line,
        tpm = ctx.attr.tpm,
        memory = ctx.attr.memory,
        refused = ctx.attr.refused,
        expect = ctx.attr.expect,
        forbid = ctx.attr.forbid,
    )))
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = ctx.executable._bootrun, is_executable = True)
    return [
        DefaultInfo(executable = executable, runfiles = ctx.runfiles([config] + files)),
        RunEnvironmentInfo(environment = {"GO3S_BOOT_TEST": config.short_path}),
    ]

boot_test = rule(
    implementation = _boot_test_impl,
    doc = """Starts a virtual machine by qemu, without KVM, and passes when it prints what is expected and turns itself off or restarts.

With `image`, the machine's UEFI firmware starts the image from a disk. Its owner's keys are those of `trust`, so that Secure Boot is on
(amd64 and arm64: Debian's firmware for riscv64 has no Secure Boot). With `kernel`, qemu starts Linux directly, on all three architectures.

The programs and the firmware are those of the directory that `--repo_env=RULES_GO3S_BOOT_DIR=…` names, or without it those that are
installed on the machine. Tag such tests `manual`, so that only machines that have them run the tests, and `no-remote`, unless workers have
them at the same path. [What they prove](../docs/boot.md).""",
    test = True,
    attrs = {
        "command_line": attr.string(doc = "The command line of a direct boot."),
        "expect": attr.string_list(
            doc = "Texts that the machine must print, each within a line. `{pcr11}` stands for what register 11 of a TPM has when the kernel of " +
                  "`image` starts, computed from the image (SHA-256, in hexadecimal).",
        ),
        "flip": attr.string(
            doc = "Name of a section of the image, such as `.linux`, `.initrd` or `.cmdline`, of which one bit is changed before the start. Default none.",
        ),
        "forbid": attr.string_list(doc = "Texts that the machine must not print."),
        "image": attr.label(
            doc = "The `uki_image` to start.",
            providers = [Go3sUkiInfo],
        ),
        "initramfs": attr.label(
            doc = "The `initramfs` of a direct boot.",
            providers = [Go3sInitramfsInfo],
        ),
        "kernel": attr.label(
            doc = "The kernel of a direct boot.",
            allow_single_file = True,
        ),
        "memory": attr.int(
            doc = "Memory of the machine in MiB.",
            default = 1024,
        ),
        "refused": attr.bool(
            doc = "The firmware must refuse the image because of Secure Boot; `False`: it must start it.",
        ),
        "revoke_image": attr.bool(
            doc = "The firmware has the digest of the image in dbx.",
        ),
        "revoked": attr.label_list(
            doc = "PEM files with certificates that the firmware has in dbx.",
            allow_files = True,
        ),
        "tpm": attr.bool(
            doc = "The machine has a TPM 2.0, emulated by swtpm.",
        ),
        "trust": attr.label_list(
            doc = "PEM files with one certificate each, which the firmware has in db. The first is also the platform key and the key exchange key.",
            allow_files = True,
        ),
        "_bootrun": attr.label(
            default = "//internal/boot/bootrun:tool",
            executable = True,
            allow_single_file = True,
            cfg = "exec",
        ),
        "_tools": attr.label(
            default = "@rules_go3s_boot//:tools",
            providers = [BootToolsInfo],
        ),
    },
)
