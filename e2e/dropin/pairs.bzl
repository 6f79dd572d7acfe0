"""Programs that are built twice, by go_binary and by go_static_binary, from the same attributes."""

load("@rules_go//go:def.bzl", "go_binary")
load("@rules_go3s//rules:defs.bzl", "go_static_binary")

def pair(name, **attributes):
    """Declares `<name>`, a go_static_binary, and `<name>_plain`, a go_binary.

    Args:
      name: name of the go_static_binary.
      **attributes: of both.
    """
    for rule, target in {go_static_binary: name, go_binary: name + "_plain"}.items():
        rule(
            name = target,
            visibility = ["//:__pkg__"],
            **attributes
        )
