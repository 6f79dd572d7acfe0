"""Repository rule that offers kernels and stubs of this machine, and tells where its qemu is."""

load("//rules/private:goarch.bzl", "MACHINES")

_BUILD = """\
load("@rules_go3s//toolchains:boot.bzl", "boot_file_missing", "boot_tools")

package(default_visibility = ["//visibility:public"])

boot_tools(
    name = "tools",
    directory = {directory},
)
"""

_FILE = """
filegroup(
    name = "{name}",
    srcs = ["{file}"],
)
"""

_MISSING = """
boot_file_missing(
    name = "{name}",
    path = {path},
)
"""

# Modules of the kernels, by architecture: drivers of devices that boot_test's machines have.
_MODULES = {"arm64": ["tpm_tis_core", "tpm_tis"]}

def _boot_repository_impl(rctx):
    directory = rctx.getenv("RULES_GO3S_BOOT_DIR")
    build = _BUILD.format(directory = repr(directory or "/"))
    for goarch, machine in MACHINES.items():
        for name, file, installed in [
            ("kernel_" + goarch, "kernel-" + goarch, None),
            ("stub_" + goarch, "stub-{}.efi".format(goarch), "/usr/lib/systemd/boot/efi/linux{}.efi.stub".format(machine.efi)),
        ] + [
            ("{}_{}".format(module, goarch), "{}-{}.ko.xz".format(module, goarch), None)
            for module in _MODULES.get(goarch, [])
        ]:
            path = rctx.path(directory).get_child(file) if directory else (rctx.path(installed) if installed else None)
            if path and path.exists:
                rctx.symlink(path, file)
                build += _FILE.format(name = name, file = file)
            else:
                build += _MISSING.format(name = name, path = repr(str(path) if path else file + " without RULES_GO3S_BOOT_DIR"))
    rctx.file("BUILD.bazel", build)

boot_repository = repository_rule(
    implementation = _boot_repository_impl,
    doc = """Looks for kernels, modules of theirs and stubs in the directory that the environment variable RULES_GO3S_BOOT_DIR names, as
`e2e/boot/provision.sh` makes it. Without it, stubs are those of systemd on this machine.""",
    environ = ["RULES_GO3S_BOOT_DIR"],
    local = True,
)
