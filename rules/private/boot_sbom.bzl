"""Bills of materials of initramfs archives and boot images, made of the finished file."""

load("//toolchains:uki.bzl", "UKI_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":display.bzl", "output_path")

visibility("//rules/...")

SBOM_ATTRS = {
    "module_licenses": attr.label_list(
        doc = "Files with licence texts of Go modules (JSON), as the module extension go_licenses makes them, for the bills of materials.",
        allow_files = [".json"],
    ),
    "version": attr.string(
        doc = "Version in the bills of materials; empty for none.",
    ),
}

def sbom_action(ctx, file, exec_group):
    """Registers the action that lists the modules of the programs in a file.

    Args:
      ctx: context of a rule with SBOM_ATTRS.
      file: File: an initramfs or an image.
      exec_group: string: an exec group with UKI_TOOLCHAIN.
    Returns:
      list of File: SPDX and CycloneDX (JSON).
    """
    spdx = ctx.actions.declare_file(output_path(ctx.label.name, ctx.label.name + ".spdx.json"))
    cyclonedx = ctx.actions.declare_file(output_path(ctx.label.name, ctx.label.name + ".cdx.json"))
    args = tool_args(ctx)
    args.add("--name", ctx.label.name)
    args.add("--version", ctx.attr.version)
    args.add_all(ctx.files.module_licenses, before_each = "--licenses")
    args.add("--spdx", spdx)
    args.add("--cyclonedx", cyclonedx)
    args.add(file)
    ctx.actions.run(
        executable = ctx.exec_groups[exec_group].toolchains[UKI_TOOLCHAIN].uki.tool,
        arguments = ["sbom", args],
        inputs = [file] + ctx.files.module_licenses,
        outputs = [spdx, cyclonedx],
        mnemonic = "Go3sBootSbom",
        progress_message = "Listing the modules in %{input}",
        exec_group = exec_group,
        execution_requirements = {"supports-path-mapping": "1"},
    )
    return [spdx, cyclonedx]
