"""Repository rule that offers this machine's qemu-user emulators as a toolchain."""

load("//rules/private:goarch.bzl", "MACHINES")

_BUILD = """\
load("@rules_go3s//toolchains:emulator.bzl", "emulator_toolchain")

package(default_visibility = ["//visibility:public"])

filegroup(
    name = "emulators",
    srcs = glob(["qemu-*"], allow_empty = True),
)

emulator_toolchain(
    name = "emulator",
    native = "{native}",
    emulators = {emulators},
)

toolchain(
    name = "toolchain",
    exec_compatible_with = [
        "@platforms//os:linux",
        "@platforms//cpu:{cpu}",
    ],
    toolchain = ":emulator",
    toolchain_type = "@rules_go3s//toolchains:emulator_toolchain_type",
)
"""

def _find(rctx, qemu):
    names = ["qemu-{}-static".format(qemu), "qemu-" + qemu]
    directory = rctx.getenv("RULES_GO3S_QEMU_DIR")
    for name in names:
        if directory:
            path = rctx.path(directory).get_child(name)
            if path.exists:
                return path
        else:
            path = rctx.which(name)
            if path:
                return path
    return None

def _emulator_repository_impl(rctx):
    # A program of an architecture that has no emulator here is refused when a
    # target wants to start it, not when this repository is made: building needs none.
    emulators = {}
    native = "amd64"
    for goarch, machine in MACHINES.items():
        if rctx.os.arch in machine.uname:
            native = goarch
            continue
        path = _find(rctx, machine.name)
        if path:
            rctx.symlink(path, "qemu-" + machine.name)
            emulators["qemu-" + machine.name] = goarch
    rctx.file("BUILD.bazel", _BUILD.format(
        native = native,
        cpu = MACHINES[native].name,
        emulators = json.encode(emulators),
    ))

emulator_repository = repository_rule(
    implementation = _emulator_repository_impl,
    doc = """Looks for `qemu-<machine>-static`, then `qemu-<machine>`, in the folder that the
environment variable RULES_GO3S_QEMU_DIR names or, without it, on PATH.""",
    environ = ["RULES_GO3S_QEMU_DIR", "PATH"],
    local = True,
)
