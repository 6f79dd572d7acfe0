"""go_nolibc_binary: a static Go program, proven free of libc."""

load("//rules/private:binary_macro.bzl", "static_program")

def go_nolibc_binary(name, pie = False, **kwargs):
    """A static Go program that is proven to hold no libc.

    What [go_static_binary](#go_static_binary) or, with `pie`, [go_pie_binary](#go_pie_binary) builds, with the same
    attributes, and checked by linkcheck's profile `nolibc` or `nolibc-pie`: besides what those ask, every system call
    instruction is in a stub of Go's standard library or golang.org/x/sys/unix. A package that nothing is left of without
    cgo is an error which names the chain of targets that leads to it. The output groups `syscalls` and `seccomp`
    (`<name>.syscalls.json`, `<name>.seccomp.json`) say what the program can ask of the kernel through these stubs, and
    `allowed_syscalls` holds it to a list ([how](../docs/syscalls.md), and what is not seen).

    Args:
      name: name of the target and, without `basename` or `out`, of the executable.
      pie: bool: build a static PIE instead of a fixed-address executable.
      **kwargs: as of go_static_binary.
    """
    static_program(
        name = name,
        mode = "static-pie" if pie else "exe",
        profile = "nolibc-pie" if pie else "nolibc",
        **kwargs
    )
