"""What `@rules_go3s_boot` has: where qemu and firmware are, and files that machines boot."""

BootToolsInfo = provider(
    doc = "Debian's programs and firmware for virtual machines.",
    fields = {
        "directory": "string: path of the directory with their usr/.",
    },
)

def _boot_tools_impl(ctx):
    return [BootToolsInfo(directory = ctx.attr.directory)]

boot_tools = rule(
    implementation = _boot_tools_impl,
    doc = "Tells where programs and firmware are.",
    attrs = {
        "directory": attr.string(
            doc = "Path of the directory with their usr/.",
            mandatory = True,
        ),
    },
)

def _boot_file_missing_impl(ctx):
    fail(("\n{}: there is no {}; let e2e/boot/provision.sh of rules_go3s provide it, and name the directory that it prints in " +
          "--repo_env=RULES_GO3S_BOOT_DIR=…, or name a file of your own").format(ctx.label, ctx.attr.path))

boot_file_missing = rule(
    implementation = _boot_file_missing_impl,
    doc = "Stands for a file that this machine lacks: a target that uses it fails, and says what to do.",
    attrs = {
        "path": attr.string(
            doc = "Where the file was looked for.",
            mandatory = True,
        ),
    },
)
