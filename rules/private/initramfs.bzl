"""Initramfs: an archive with the executables of program rules for one architecture."""

load("//rules:providers.bzl", "Go3sBinaryInfo", "Go3sInitramfsInfo")
load("//toolchains:uki.bzl", "UKI_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":boot_sbom.bzl", "SBOM_ATTRS", "sbom_action")
load(":display.bzl", "display")
load(":goarch.bzl", "GOARCHS")

visibility("//rules/...")

_EXEC_GROUP = "go3s_uki"

def _variant(ctx, target):
    """Returns the Go3sVariantInfo of a program for the archive's architecture."""
    variants = target[Go3sBinaryInfo].variants
    found = [variant for variant in variants if variant.goarch == ctx.attr.goarch]
    if len(found) != 1:
        fail(("\n{}: programs: {} is built for {}, want one platform for {}; add it to its platforms, or build with " +
              "--platforms=@rules_go3s//platforms:linux_{}").format(
            display(ctx.label),
            display(target.label),
            ", ".join([variant.platform.name if variant.platform else "linux_" + variant.goarch for variant in variants]),
            ctx.attr.goarch,
            ctx.attr.goarch,
        ))
    return found[0]

def _one(ctx, attribute, target, path):
    """Returns the file of a target that has one path."""
    files = target[DefaultInfo].files.to_list()
    if len(files) != 1:
        fail("\n{}: {}: {} has {} files, want 1, since it has one path, {}".format(
            display(ctx.label),
            attribute,
            display(target.label),
            len(files),
            repr(path),
        ))
    return files[0]

def _initramfs_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".cpio")
    args = tool_args(ctx)
    args.add("-o", out)
    inputs = []
    reports = []
    for target, path in ctx.attr.programs.items():
        variant = _variant(ctx, target)
        args.add("--program", variant.executable, format = path.replace("%", "%%") + "=%s")
        inputs.append(variant.executable)
        reports.append(variant.report)
    for flag, attribute in [("--program", "unchecked_programs"), ("--file", "files")]:
        for target, path in getattr(ctx.attr, attribute).items():
            file = _one(ctx, attribute, target, path)
            args.add(flag, file, format = path.replace("%", "%%") + "=%s")
            inputs.append(file)
    ctx.actions.run(
        executable = ctx.exec_groups[_EXEC_GROUP].toolchains[UKI_TOOLCHAIN].uki.tool,
        arguments = ["initramfs", args],
        inputs = inputs,
        outputs = [out],
        mnemonic = "Go3sInitramfs",
        progress_message = "Packing %{output}",
        exec_group = _EXEC_GROUP,
        execution_requirements = {"supports-path-mapping": "1"},
    )
    return [
        DefaultInfo(files = depset([out])),
        Go3sInitramfsInfo(file = out, goarch = ctx.attr.goarch),
        OutputGroupInfo(
            linkcheck_report = depset(reports),
            sbom = depset(sbom_action(ctx, out, _EXEC_GROUP)),
        ),
    ]

initramfs = rule(
    implementation = _initramfs_impl,
    doc = """Makes `<name>.cpio`, the first file system of Linux, which the kernel unpacks into memory.

It has the programs, the files, the directories that they are in, and `/dev/console`. All belong to root and have no date. The kernel
starts `/init` as process 1, so one of the programs must have that path. Programs are checked by linkcheck as their targets say,
whenever the archive is built. The output group `sbom` has bills of materials.""",
    attrs = SBOM_ATTRS | {
        "files": attr.label_keyed_string_dict(
            doc = "Other files, with mode 0644, and their absolute paths, for example `{\"trusted.pem\": \"/etc/trusted.pem\"}`.",
            allow_files = True,
        ),
        "goarch": attr.string(
            doc = "Architecture: `amd64`, `arm64` or `riscv64`. Of programs with several platforms, the executable for it is taken.",
            mandatory = True,
            values = GOARCHS,
        ),
        "programs": attr.label_keyed_string_dict(
            doc = "Programs of this module's rules (`go_nolibc_binary`, `go_signed_binary` and so on), with mode 0755, and their absolute paths, for " +
                  "example `{\":init\": \"/init\"}`.",
            mandatory = True,
            providers = [Go3sBinaryInfo],
        ),
        "unchecked_programs": attr.label_keyed_string_dict(
            doc = "Executables that no rule of this module makes, with mode 0755, and their absolute paths. Nothing checks that they are static.",
            allow_files = True,
        ),
    },
    exec_groups = {_EXEC_GROUP: exec_group(toolchains = [UKI_TOOLCHAIN])},
    provides = [Go3sInitramfsInfo],
)
