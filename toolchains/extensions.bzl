"""Module extensions that find programs of this machine."""

load(":boot_repository.bzl", "boot_repository")
load(":emulator_repository.bzl", "emulator_repository")

def _emulators_impl(module_ctx):
    emulator_repository(name = "rules_go3s_emulators")
    return module_ctx.extension_metadata(reproducible = True)

emulators = module_extension(
    implementation = _emulators_impl,
    doc = "Makes `@rules_go3s_emulators`: a toolchain of the qemu-user emulators found on this machine.",
)

def _boot_impl(module_ctx):
    boot_repository(name = "rules_go3s_boot")
    return module_ctx.extension_metadata(reproducible = True)

boot = module_extension(
    implementation = _boot_impl,
    doc = "Makes `@rules_go3s_boot`: kernels, modules of theirs, systemd's stubs, and where qemu and firmware for `boot_test` are.",
)
