"""Module extension that finds the emulators of this machine."""

load(":emulator_repository.bzl", "emulator_repository")

def _emulators_impl(module_ctx):
    emulator_repository(name = "rules_go3s_emulators")
    return module_ctx.extension_metadata(reproducible = True)

emulators = module_extension(
    implementation = _emulators_impl,
    doc = "Makes `@rules_go3s_emulators`: a toolchain of the qemu-user emulators found on this machine.",
)
