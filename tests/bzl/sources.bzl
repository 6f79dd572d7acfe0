"""What bzl_library targets hold, as a file that a test reads."""

load("@bazel_skylib//:bzl_library.bzl", "StarlarkLibraryInfo")

visibility("//tests/bzl")

def _library_sources_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(out, json.encode({
        str(library.label): struct(
            srcs = [file.short_path for file in library[StarlarkLibraryInfo].srcs],
            transitive_srcs = [file.short_path for file in library[StarlarkLibraryInfo].transitive_srcs.to_list()],
        )
        for library in ctx.attr.libraries
    }))
    return [DefaultInfo(
        files = depset([out]),
        runfiles = ctx.runfiles(transitive_files = depset(
            transitive = [library[StarlarkLibraryInfo].transitive_srcs for library in ctx.attr.libraries],
        )),
    )]

library_sources = rule(
    implementation = _library_sources_impl,
    doc = "Writes a JSON object from each library to its own and its transitive sources, which are in the runfiles.",
    attrs = {
        "libraries": attr.label_list(
            doc = "bzl_library targets.",
            mandatory = True,
            providers = [StarlarkLibraryInfo],
        ),
    },
)
