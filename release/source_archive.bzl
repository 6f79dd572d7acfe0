"""The source archive of this module and the registry's record of it, for //release: what `go run ./release -o DIR` writes.

The list of files comes from git, and which packages the tools import from the go command: no action of a build has either. So a repository
rule makes it, with the Go SDK of the build, and again when one of the files or git's index changes.
"""

load("@go_host_compatible_sdk_label//:defs.bzl", "HOST_COMPATIBLE_SDK")

visibility("public")

def _source_archive_impl(rctx):
    root = rctx.workspace_root
    go = rctx.path(HOST_COMPATIBLE_SDK.same_package_label("ROOT")).dirname.get_child("bin").get_child("go")

    def run(*arguments):
        result = rctx.execute(arguments, working_directory = str(root), environment = {"GOTOOLCHAIN": "local"})
        if result.return_code:
            fail("\n//release: the source archive: {}: {}".format(" ".join([str(a) for a in arguments]), result.stderr.strip()))
        return result.stdout

    rctx.watch(root.get_child(run("git", "rev-parse", "--git-path", "index").strip()))
    for name in run(go, "run", "./release", "-list").splitlines():
        rctx.watch(root.get_child(name))
    for name in ["archive.go", "main.go", "version.go"]:
        rctx.watch(root.get_child("release").get_child(name))
    rctx.watch(root.get_child(".bcr").get_child("source.template.json"))
    run(go, "run", "./release", "-o", str(rctx.path(".")))
    rctx.file("BUILD.bazel", """\
filegroup(
    name = "files",
    srcs = glob(["*.tar.gz"]) + ["source.json"],
    visibility = ["@@//release:__pkg__"],
)
""")

source_archive_repository = repository_rule(
    implementation = _source_archive_impl,
    doc = "`//:files` are the source archive of the checkout and its source.json.",
    local = True,
)

def _source_archive_extension_impl(mctx):
    source_archive_repository(name = "source_archive")
    return mctx.extension_metadata(reproducible = True)

source_archive = module_extension(
    implementation = _source_archive_extension_impl,
    doc = "Makes `@source_archive`.",
)
