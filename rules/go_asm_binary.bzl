"""go_asm_binary: a program in Go assembly that makes system calls and has no runtime."""

load("//rules/private:asm_link.bzl", "go3s_asm_link")
load("//rules/private:binary.bzl", "go3s_binary")
load("//rules/private:exec_groups.bzl", "GO3S_CHECK", "GO3S_LINK", "GO3S_STRIP", "spread_exec_groups")

def go_asm_binary(name, srcs, entry = "_start", platforms = [], tags = [], testonly = None, **kwargs):
    """A program in Go's assembly language, without the Go runtime, usually below 1 KB.

    The sources are assembled by the SDK's `asm` and linked by golink. They may hold functions
    (TEXT) and read-only data (DATA, GLOBL with RODATA) that refer to each other relative to the program
    counter; whatever needs the Go runtime is refused. linkcheck's profile is `static-asm`.

    Args:
      name: name of the target and of the executable.
      srcs: list of labels: files named `*_<goarch>.s`; each platform takes those of its GOARCH.
      entry: string: the function at which the program starts, as `TEXT <entry>(SB)` names it.
      platforms: list of labels, as of [go_static_binary](#go_static_binary).
      tags: tags of the target.
      testonly: as everywhere.
      **kwargs: `args`, `data`, `env`, `linkcheck_policy`, `size_budget`, `visibility` and what all rules take. Keys of
        `exec_properties` may name the exec groups `go3s_link`, `go3s_strip` and `go3s_check`.
    """
    size_budget = str(kwargs.pop("size_budget", ""))
    exec_groups = spread_exec_groups(name, kwargs, {
        "link": [GO3S_LINK],
        "public": [GO3S_LINK, GO3S_STRIP, GO3S_CHECK],
    })
    go3s_asm_link(
        name = name + ".link",
        srcs = srcs,
        basename = name,
        entry = entry,
        public_label = str(native.package_relative_label(name)),
        tags = tags + ["manual"],
        testonly = testonly,
        visibility = ["//visibility:private"],
        **exec_groups["link"]
    )
    go3s_binary(
        name = name,
        basename = name,
        compare = "off",  # there are no tables of Go's to compare by
        link = ":{}.link".format(name),
        platforms = platforms,
        profile = "static-asm",
        size_budget = size_budget,
        tags = tags,
        testonly = testonly,
        **(kwargs | exec_groups["public"])
    )
