"""go_nolibc_binary: a static Go program, proven free of libc."""

load("//rules/private:binary_macro.bzl", "static_program")

def go_nolibc_binary(name, **kwargs):
    """A static Go program that is proven to hold no libc.

    What [go_static_binary](#go_static_binary) builds, with the same attributes, and checked by linkcheck's profile
    `nolibc`: besides what `static` asks, no symbol or string of a libc, and every system call
    instruction lies in a stub of Go's own runtime and packages. A target anywhere below that needs cgo is an
    error of analysis which names the chain of targets that leads to it.

    Args:
      name: name of the target and, without `basename` or `out`, of the executable.
      **kwargs: as of go_static_binary.
    """
    static_program(name = name, mode = "exe", profile = "nolibc", **kwargs)
