"""go_release: programs of this module as a folder that can be published: archives, sums and an index."""

load("//rules/private:release.bzl", "go3s_release")

def go_release(name, programs, version, release_name = None, **kwargs):
    """Makes a folder `<name>` with a release of programs (docs/releases.md).

    The bytes depend on the programs, the files and the attributes alone: not on the time, the machine or Bazel's configuration.

    Args:
      name: name of the target and of the folder.
      programs: list of labels of programs of this module (go_static_binary, go_pie_binary, go_nolibc_binary, go_asm_binary), each for any
        number of platforms; or a dict from label to the name that the program has in the release. The default is the target's name.
        Two programs of one name on one platform are an error.
      version: string: version of the release, part of file names.
      release_name: string: first part of file names. The default is `name`.
      **kwargs: `archives`, `docs`, `man_pages`, `completions`, `files`, `source_date_epoch` of the rule, and attributes of all
        rules, such as `visibility`.
    """
    if type(programs) == "list":
        programs = {program: "" for program in programs}
    go3s_release(
        name = name,
        programs = programs,
        version = version,
        release_name = release_name or name,
        **kwargs
    )
