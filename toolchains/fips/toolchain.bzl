"""Go toolchains of an SDK with a frozen FIPS 140-3 module: rules_go's own of the SDK that it was made from, with other sources."""

load("@rules_go//go:def.bzl", "GoSDK")
load("//rules/private:goarch.bzl", "MACHINES")
load(":modules.bzl", "fips_version")
load(":settings.bzl", "no_fips_transition")

# GOOS and GOARCH to constraints: the platforms of programs, and those on which Bazel runs what it builds.
FIPS_PLATFORMS = {
    ("darwin", "amd64"): ("osx", "x86_64"),
    ("darwin", "arm64"): ("osx", "aarch64"),
} | {
    ("linux", goarch): ("linux", machine.name)
    for goarch, machine in MACHINES.items()
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
    return [platform_common.ToolchainInfo(**(_fields(base) | {"fips_aliases": ctx.attr.aliases, "sdk": sdk}))]

def fips_alias_problem(toolchain, name):
    """Tells whether an SDK means another module by a name than the configuration that it was chosen in.

    Args:
      toolchain: ToolchainInfo of a Go SDK.
      name: string: value of the attribute `fips`, or empty.
    Returns:
      string: what was found, what was wanted and what to do; None if all is well.
    """
    found = getattr(toolchain, "fips_aliases", {}).get(name, fips_version(name))
    if found == fips_version(name):
        return None
    return ("fips = {}: it is {} in the Go SDK {}, but {} in this rules_go3s: set fips to the version of the module, or use the " +
            "rules_go3s that was made for this Go").format(repr(name), found, toolchain.sdk.version, fips_version(name))

_toolchain = rule(
    implementation = _toolchain_impl,
    attrs = {
        "aliases": attr.string_dict(),
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

def fips_toolchains(base, aliases, **kwargs):
    """Declares a toolchain for each platform. For the BUILD file of an SDK with a frozen module.

    Args:
      base: string: label of a toolchain in the SDK that this one was made from, with {} for its name.
      aliases: dict of string: other names of modules in the SDK, to versions.
      **kwargs: `go`, `headers`, `root_file`, `srcs` and `tools`: files of the SDK.
    """
    for goos, goarch in FIPS_PLATFORMS:
        name = fips_toolchain_name(goos, goarch)
        _toolchain(
            name = name,
            aliases = aliases,
            base = base.format(name),
            tags = ["manual"],
            visibility = ["//visibility:public"],
            **kwargs
        )
