"""go_platform_test: runs a go_test on several platforms."""

load("//rules/private:exec_groups.bzl", "GO3S_LINK", "TEST", "spread_exec_groups")
load("//rules/private:link.bzl", "go3s_link")
load("//rules/private:platform_test.bzl", "platform_test")
load("//toolchains/fips:modules.bzl", "fips_problem")

_PLATFORMS = [
    Label("//platforms:linux_amd64"),
    Label("//platforms:linux_arm64"),
    Label("//platforms:linux_riscv64"),
]

def go_platform_test(name, test, pie = False, platforms = _PLATFORMS, sections = {}, fips = "", tags = [], testonly = True, **kwargs):
    """Runs the tests of a go_test on each of several platforms, linked as the programs of this module are.

    Declares a test `<name>_<platform>` for each platform and a test_suite `<name>` of them. A
    test of a foreign architecture runs under the emulator toolchain's qemu: neither binfmt_misc
    nor `--run_under` is needed.

    Args:
      name: name of the test_suite.
      test: label of the go_test; give it `tags = ["manual"]` to run it on these platforms only.
      pie: bool: link static PIEs, as [go_pie_binary](#go_pie_binary) does, instead of fixed-address executables.
      platforms: list of labels of platforms; default amd64, arm64 and riscv64.
      sections: dict, as of [go_static_binary](#go_static_binary).
      fips: string, as of [go_static_binary](#go_static_binary).
      tags: tags of the tests.
      testonly: as everywhere; default True.
      **kwargs: attributes of every test: `size`, `timeout`, `flaky`, `shard_count`, `args`, `visibility`, … Keys of
        `exec_properties` may name the exec groups `go3s_link` and `test`.
    """
    problem = fips_problem(fips)
    if problem:
        fail("\n//{}:{}: {}".format(native.package_name(), name, problem))
    exec_groups = spread_exec_groups(name, kwargs, {
        "link": [GO3S_LINK],
        "test": [TEST],
    })
    go3s_link(
        name = name + ".link",
        basename = name,
        binary = test,
        fips = fips,
        mode = "static-pie" if pie else "exe",
        public_label = str(native.package_relative_label(name)),
        sections = sections,
        tags = tags + ["manual"],
        testonly = testonly,
        visibility = ["//visibility:private"],
        **exec_groups["link"]
    )
    tests = []
    for platform in platforms:
        label = native.package_relative_label(platform)
        tests.append("{}_{}".format(name, label.name))
        platform_test(
            name = tests[-1],
            fips = fips,
            link = ":{}.link".format(name),
            platforms = [label],
            tags = tags,
            testonly = testonly,
            **(kwargs | exec_groups["test"])
        )
    native.test_suite(
        name = name,
        tags = [tag for tag in tags if tag == "manual"],
        tests = tests,
        visibility = kwargs.get("visibility"),
    )
