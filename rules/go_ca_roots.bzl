"""go_ca_roots: a Go package that embeds root certificates."""

load("@rules_go//go:def.bzl", "go_library")
load("//rules/private:embedded_imports.bzl", "ca_roots_sources")

def go_ca_roots(name, roots, importpath, tags = [], testonly = None, visibility = None):
    """A go_library whose import makes crypto/x509 trust certificates when the system has none.

    The package calls [x509.SetFallbackRoots](https://pkg.go.dev/crypto/x509#SetFallbackRoots)
    when the program starts. Import it for its effect in the main package, or use
    `ca_roots` of the binary rules, which does that for you.

    Args:
      name: name of the go_library.
      roots: label of a PEM file of root certificates, for example a copy of Mozilla's list.
      importpath: import path of the package.
      tags: tags of the targets.
      testonly: as everywhere.
      visibility: visibility of the go_library.
    """
    ca_roots_sources(
        name = name + ".sources",
        roots = roots,
        tags = tags + ["manual"],
        testonly = testonly,
        visibility = ["//visibility:private"],
    )
    native.filegroup(
        name = name + ".pem",
        srcs = [":{}.sources".format(name)],
        output_group = "roots",
        tags = tags + ["manual"],
        testonly = testonly,
        visibility = ["//visibility:private"],
    )
    go_library(
        name = name,
        srcs = [":{}.sources".format(name)],
        embedsrcs = [":{}.pem".format(name)],
        importpath = importpath,
        tags = tags,
        testonly = testonly,
        visibility = visibility,
    )
