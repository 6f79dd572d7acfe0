"""What starts go3s-release with a release: the test that verifies it, and the program that publishes it."""

load("@bazel_skylib//lib:shell.bzl", "shell")
load("//rules:providers.bzl", "Go3sReleaseInfo")
load("//toolchains:release.bzl", "RELEASE_TOOLCHAIN")

visibility("//rules/...")

def _run(ctx, words, files):
    """Returns the providers of a script that calls go3s-release.

    Args:
      ctx: context with the attribute `release`.
      words: list of string: shell words of the command, before the folder of the release.
      files: list of File: what the words name.
    """
    tool = ctx.toolchains[RELEASE_TOOLCHAIN].release.tool
    directory = ctx.attr.release[Go3sReleaseInfo].directory
    script = ctx.actions.declare_file(ctx.label.name + ".sh")

    # Arguments of the user come after the folder.
    ctx.actions.write(script, "#!/bin/sh\nexec {} {} {} \"$@\"\n".format(
        shell.quote("./" + tool.short_path),
        " ".join(words),
        shell.quote(directory.short_path),
    ), is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles([tool, directory] + files))]

def _test_impl(ctx):
    keys = {"--key=": ctx.file.key, "--openpgp-key=": ctx.file.openpgp_key}
    words = [shell.quote(flag + file.short_path) for flag, file in keys.items() if file]
    return _run(ctx, ["verify"] + (words or ["--no-signatures"]), [file for file in keys.values() if file])

_RELEASE = attr.label(
    doc = "A go_release.",
    mandatory = True,
    providers = [Go3sReleaseInfo],
)

go_release_test = rule(
    implementation = _test_impl,
    doc = """Verifies a release as everybody can who has it (`go3s-release verify`): sums, signatures, and that archives, packages,
image, bills of materials, linkcheck's verdicts and provenance say the same of the programs.""",
    test = True,
    attrs = {
        "key": attr.label(
            doc = "The public key that the release is signed by (OpenSSH, PEM or minisign). Without it signatures are not checked.",
            allow_single_file = True,
        ),
        "openpgp_key": attr.label(
            doc = "The public OpenPGP keys (ASCII armor), one of which the release is signed by.",
            allow_single_file = True,
        ),
        "release": _RELEASE,
    },
    toolchains = [RELEASE_TOOLCHAIN],
)

def _publish_impl(ctx):
    return _run(ctx, ["publish"], [])

go3s_release_publish = rule(
    implementation = _publish_impl,
    doc = "Publishes a release: `bazel run :<name>.publish -- --directory=…`.",
    executable = True,
    attrs = {"release": _RELEASE},
    toolchains = [RELEASE_TOOLCHAIN],
)
