"""Sources that make a main package carry root certificates or time zones."""

load(":display.bzl", "output_path")

visibility("//rules/...")

def _embedded_imports_impl(ctx):
    # The target's name in the file's could exclude the file: a name that ends with _windows or _test does.
    out = ctx.actions.declare_file(output_path(ctx.label.name, "imports.go"))
    imports = ctx.attr.imports + (["time/tzdata"] if ctx.attr.tzdata else [])
    ctx.actions.write(out, "// Generated for {}.\n\npackage main\n{}".format(
        ctx.label,
        "".join(["\nimport _ \"{}\"\n".format(path) for path in sorted(imports)]),
    ))
    return [DefaultInfo(files = depset([out]))]

embedded_imports = rule(
    implementation = _embedded_imports_impl,
    doc = "Writes a Go file of package main that imports packages for their effect.",
    attrs = {
        "imports": attr.string_list(
            doc = "Import paths.",
        ),
        "tzdata": attr.bool(
            doc = "Whether to import time/tzdata, too.",
        ),
    },
)

def _ca_roots_sources_impl(ctx):
    # //go:embed wants the file beside the source and under a fixed name.
    source = ctx.actions.declare_file(output_path(ctx.label.name, "ca_roots.go"))
    roots = ctx.actions.declare_file(output_path(ctx.label.name, "roots.pem"))
    ctx.actions.symlink(output = source, target_file = ctx.file._source)
    ctx.actions.symlink(output = roots, target_file = ctx.file.roots)
    return [
        DefaultInfo(files = depset([source])),
        OutputGroupInfo(roots = depset([roots])),
    ]

ca_roots_sources = rule(
    implementation = _ca_roots_sources_impl,
    doc = "The sources of a package that embeds root certificates; output group `roots` has the file to embed.",
    attrs = {
        "roots": attr.label(
            doc = "Root certificates (PEM).",
            mandatory = True,
            allow_single_file = [".pem", ".crt"],
        ),
        "_source": attr.label(
            default = "//rules/private/ca_roots:ca_roots.go",
            allow_single_file = True,
        ),
    },
)
