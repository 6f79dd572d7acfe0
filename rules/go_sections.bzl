"""go_sections: a Go package that reads sections of the program it is in."""

load("@rules_go//go:def.bzl", "go_library")
load("//rules/private:sections.bzl", "sections_source")

def go_sections(name, sections, importpath, tags = [], testonly = None, visibility = None):
    """A go_library with a function for each of some sections, which returns its contents.

    For a section `.embed_cfg` that is `func EmbedCfg() string`: letters after what is no letter or digit become capitals.
    The string is the section itself, in read-only memory; nothing is copied. Which files
    the sections are made of says `sections` of each program
    ([go_static_binary](#go_static_binary)). A program that uses such a function but lacks the section is refused when it is
    linked. Programs that other rules link, such as a plain go_test, compile, and panic when they call it; give
    go_platform_test the sections instead.

    The output is one Go file. To have the package outside of Bazel too (editors, `go vet`), check
    a copy in and compare it with `<name>.source` by a diff_test.

    Args:
      name: name of the go_library.
      sections: list of strings: names of sections, as the keys of a program's `sections` without address.
      importpath: import path of the package; its last element is the name of the package.
      tags: tags of the targets.
      testonly: as everywhere.
      visibility: visibility of the go_library.
    """
    sections_source(
        name = name + ".source",
        importpath = importpath,
        public_label = str(native.package_relative_label(name)),
        sections = sections,
        tags = tags + ["manual"],
        testonly = testonly,
        visibility = ["//visibility:private"],
    )
    go_library(
        name = name,
        srcs = [":{}.source".format(name)],
        importpath = importpath,
        tags = tags,
        testonly = testonly,
        visibility = visibility,
    )
