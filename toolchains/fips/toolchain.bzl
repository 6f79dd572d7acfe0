"""Go toolchains of an SDK with a frozen FIPS 140-3 module: rules_go's own of the SDK that it was made from, with other sources."""

load("@rules_go//go:def.bzl", "GoSDK")
load(":settings.bzl", "no_fips_transition")

# GOOS and GOARCH to constraints: the platforms of programs, and those on which Bazel runs what it builds.
FIPS_PLATFORMS = {
    ("darwin", "amd64"): ("osx", "x86_64"),
    ("darwin", "arm64"): ("osx", "aarch64"),
    ("linux", "amd64"): ("linux", "x86_64"),
    ("linux", "arm64"): ("linux", "aarch64"),
    ("linux", "riscv64"): ("linux", "riscv64"),
}

def fips_toolchain_name(goos, goarch):
    """Returns the name of the toolchain in its repository; rules_go's own have the same names."""
    return "go_{}_{}-impl".format(goos, goarch)

def _fields(info):
    """Returns the fields of a provider, which differ from one rules_go to another, as a dict."""
    return {name: getattr(info, name) for name in dir(info) if name not in ("to_json", "to_proto")}

def _package_list(ctx):
    """Returns a file with the import paths of the packages of the standard library, one a line."""
    src = ctx.file.root_file.dirname + "/src/"
    packages = {
        file.dirname.removeprefix(src): None
        for file in ctx.files.srcs
        if file.extension == "go"
    }
    out = ctx.actions.declare_file(ctx.label.name + ".packages.txt")
    ctx.actions.write(out, "\n".join(sorted(packages.keys())) + "\n")
    return out

def _toolchain_impl(ctx):
    base = ctx.attr.base[0][platform_common.ToolchainInfo]
    sdk = GoSDK(**(_fields(base.sdk) | {
        "go": ctx.file.go,
        "headers": depset(ctx.files.headers),
        "libs": depset(),
        "package_list": _package_list(ctx),
        "root_file": ctx.file.root_file,
        "srcs": depset(ctx.files.srcs),
        "tools": depset(ctx.files.tools),
    }))
    return [platform_common.ToolchainInfo(**(_fields(base) | {"sdk": sdk}))]

_toolchain = rule(
    implementation = _toolchain_impl,
    attrs = {
        # What runs at build time is that of the other SDK, so it is compiled once.
        "base": attr.label(
            mandatory = True,
            cfg = no_fips_transition,
            providers = [platform_common.ToolchainInfo],
        ),
        "go": attr.label(
            mandatory = True,
            allow_single_file = True,
        ),
        "headers": attr.label_list(allow_files = True),
        "root_file": attr.label(
            mandatory = True,
            allow_single_file = True,
        ),
        "srcs": attr.label_list(allow_files = True),
        "tools": attr.label_list(allow_files = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)

def fips_toolchains(base, **kwargs):
    """Declares a toolchain for each platform. For the BUILD file of an SDK with a frozen module.

    Args:
      base: string: label of a toolchain in the SDK that this one was made from, with {} for its name.
      **kwargs: `go`, `headers`, `root_file`, `srcs` and `tools`: files of the SDK.
    """
    for goos, goarch in FIPS_PLATFORMS:
        name = fips_toolchain_name(goos, goarch)
        _toolchain(
            name = name,
            base = base.format(name),
            tags = ["manual"],
            visibility = ["//visibility:public"],
            **kwargs
        )
