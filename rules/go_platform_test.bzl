"""go_platform_test: runs a go_test on several platforms."""

load("//rules/private:platform_test.bzl", "platform_test")

_PLATFORMS = [
    Label("//platforms:linux_amd64"),
    Label("//platforms:linux_arm64"),
    Label("//platforms:linux_riscv64"),
]

def go_platform_test(name, test, platforms = _PLATFORMS, tags = [], **kwargs):
    """Runs the tests of a go_test, compiled without cgo, on each of several platforms.

    Declares a test `<name>_<platform>` for each platform and a test_suite `<name>` of them. A
    test of a foreign architecture runs under the emulator toolchain's qemu: neither binfmt_misc
    nor `--run_under` is needed.

    Args:
      name: name of the test_suite.
      test: label of the go_test; give it `tags = ["manual"]` to run it on these platforms only.
      platforms: list of labels of platforms; default amd64, arm64 and riscv64.
      tags: tags of the tests.
      **kwargs: attributes of every test: `size`, `timeout`, `flaky`, `shard_count`, `args`, `testonly`, `visibility`, …
    """
    tests = []
    for platform in platforms:
        label = native.package_relative_label(platform)
        tests.append("{}_{}".format(name, label.name))
        platform_test(
            name = tests[-1],
            platforms = [label],
            tags = tags,
            test = test,
            **kwargs
        )
    native.test_suite(
        name = name,
        tags = [tag for tag in tags if tag == "manual"],
        tests = tests,
        visibility = kwargs.get("visibility"),
    )
