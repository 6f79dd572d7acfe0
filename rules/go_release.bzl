"""go_release: programs of this module as a folder that can be published, and the test that verifies one (docs/releases.md)."""

load("//rules/private:release.bzl", "go3s_release")
load("//rules/private:release_run.bzl", "go3s_release_publish", _go_release_test = "go_release_test")

go_release_test = _go_release_test

def go_release(name, programs, version, release_name = None, **kwargs):
    """Makes a folder `<name>` with a release of programs: archives, packages, an OCI image, bills of materials, provenance, signatures.

    The bytes depend on the programs, the files and the attributes alone: not on the time, the machine or Bazel's configuration.
    `bazel run :<name>.publish` copies the release to a folder (`--directory=PATH`) and the image to a registry
    (`--registry=HOST/REPOSITORY:TAG`).

    Args:
      name: name of the target and of the folder.
      programs: list of labels of programs of this module (go_static_binary, go_pie_binary, go_nolibc_binary, go_asm_binary), each for any
        number of platforms; or a dict from label to the name that the program has in the release. The default is the target's name.
        Two programs of one name on one platform are an error.
      version: string: version of the release, part of file names.
      release_name: string: first part of file names. The default is `name`.
      **kwargs: `archives` (default `["tar.gz"]`), `attachments`, `docs`, `man_pages`, `completions`, `files`, `packages`, `package_*`,
        `image_*`, `license`, `module_licenses`, `licenses_*`, `source`, `builder`, `signing_key`, `openpgp_key`, `source_date_epoch`
        (default 1980-01-01) as docs/releases.md says, and attributes of all rules, such as `visibility`.
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
    go3s_release_publish(
        name = name + ".publish",
        release = name,
        tags = ["manual"],
        testonly = kwargs.get("testonly"),
        visibility = kwargs.get("visibility"),
    )
