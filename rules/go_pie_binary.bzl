"""go_pie_binary: a Go program as a static, position-independent ELF executable."""

load("//rules/private:binary_macro.bzl", "static_program")

def go_pie_binary(name, **kwargs):
    """A Go program as a static PIE: loaded at a random address, without a dynamic loader.

    The file is ET_DYN with PT_DYNAMIC, but without PT_INTERP and DT_NEEDED: it relocates itself when it
    starts (DT_RELR), then makes what relocation wrote to, but nothing else may, read-only. linkcheck's profile is `static-pie`.
    Otherwise it is what [go_static_binary](#go_static_binary) builds, from the same compiled packages.

    Args:
      name: name of the target and, without `basename` or `out`, of the executable.
      **kwargs: as of go_static_binary.
    """
    static_program(name = name, mode = "static-pie", profile = "static-pie", **kwargs)
