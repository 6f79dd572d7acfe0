"""The repository rule that collects licence texts."""

visibility("//rules/...")

_NAMES = ["LICENSE", "LICENCE", "COPYING", "UNLICENSE"]

def _is_licence(name):
    """Tells whether a file has licence texts of code. LICENSE.docs, which some modules have, is about their documents."""
    name = name.upper()
    return name.split(".")[0].split("-")[0] in _NAMES and not name.endswith("DOCS")

def _go_licenses_repository_impl(rctx):
    modules = []
    for path, label in rctx.attr.modules.items():
        files = {
            file.basename: rctx.read(file, watch = "no")
            for file in rctx.path(Label(label)).dirname.readdir(watch = "no")
            if _is_licence(file.basename) and not file.is_dir
        }

        # Without a version: the texts are those of the version that is built.
        modules.append({"path": path, "version": "", "files": files})
    rctx.file("licenses.json", json.encode_indent({"schema": 1, "modules": modules}))
    rctx.file("BUILD.bazel", 'exports_files(["licenses.json"], visibility = ["//visibility:public"])\n')

go_licenses_repository = repository_rule(
    implementation = _go_licenses_repository_impl,
    doc = "Writes licenses.json with the licence texts in the top folders of Go modules' repositories.",
    attrs = {
        "modules": attr.string_dict(
            doc = "Path of each module, with the label of a file in the top folder of its repository.",
        ),
    },
)
