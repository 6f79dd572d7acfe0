"""The attributes of go_static_binary and its relatives with their types, for the reference (docs/reference/rules.md).

The macro takes any keyword, so that its signature has none of them. Those that it passes on as they are have their types and
descriptions where go3s_binary and go3s_link declare them; those that it changes or consumes are declared here.
"""

load(":binary.bzl", _go3s_binary = "go3s_binary")
load(":link.bzl", _go3s_link = "go3s_link")
load(":strip.bzl", "TRACEBACKS")

visibility("private")

go3s_binary = _go3s_binary
go3s_link = _go3s_link

def _program_attributes_impl(ctx):
    fail("\n{}: this rule is there for the reference only; use go_static_binary".format(ctx.label))

program_attributes = rule(
    implementation = _program_attributes_impl,
    doc = "Declares attributes; there are no targets of it.",
    attrs = {
        "basename": attr.string(
            doc = "File name of the executable, by default the last part of `out` or the name of the target; with `platforms`, " +
                  "`_<platform's name>` follows it.",
        ),
        "binary": attr.label(
            doc = "The go_binary to link, instead of `srcs`, `embed`, `deps` and the like. Its own link action does not run.",
        ),
        "ca_roots": attr.label(
            doc = "PEM file of root certificates that crypto/x509 uses when the system has none. Not with `binary`.",
        ),
        "gc_percent": attr.string(
            doc = "GOGC where the environment does not set it: a percentage, as int or string, or `off`. Not with `binary`. " +
                  "[Cost and use](../docs/startup.md).",
        ),
        "package_note": attr.string_dict(
            doc = "The package metadata note `.note.package` " +
                  "([specification](https://uapi-group.org/specifications/specs/package_metadata_for_executable_files/)), for " +
                  "example `{\"type\": \"deb\", \"name\": \"app\", \"version\": \"1.2\"}`; or the label of a JSON file. No `select()`.",
        ),
        "size_budget": attr.string(
            doc = "Most bytes of each executable, as int or string: `6MB` (powers of 1000), `5.2MiB` (powers of 1024). With `pack` it is about " +
                  "the packed file.",
        ),
        "traceback": attr.string(
            doc = "What panics, profiles and runtime.Callers still show. `functions`: the functions, without file, line and " +
                  "arguments. `external`: addresses only; `<name>.symbols` in the output group `symbols` is what tools/symbolize needs to " +
                  "restore the full trace. Needs `strip = \"all\"` and no `keep_symbols`. [Cost and use](../docs/traceback.md).",
            default = "full",
            values = TRACEBACKS[1:],
        ),
        "tzdata": attr.bool(
            doc = "Embed the time zones. Not with `binary`.",
        ),
        "x_defs": attr.string_dict(
            doc = "`package.variable` to value; with `binary`, over those of the binary. `$(location)` names what it can name there, and `data`.",
        ),
    },
)
