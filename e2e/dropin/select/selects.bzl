"""Each attribute of a program with its value in a select()."""

load("@rules_go3s//rules:defs.bzl", "go_static_binary")

# By name of the attribute: its value.
_VALUES = {
    "allowed_syscalls": "syscalls.txt",
    "args": ["-x"],
    "basename": "named",
    "ca_roots": "roots.pem",
    "compare": "off",
    "data": ["syscalls.txt"],
    "deps": [],
    "embedsrcs": ["syscalls.txt"],
    "env": {"A": "b"},
    "function_alignment": 16,
    "gc_goopts": ["-N"],
    "gc_linkopts": ["-w"],
    "gc_percent": "off",
    "godebug": {"panicnil": "1"},
    "gomaxprocs": 2,
    "gotags": ["some"],
    "importpath": "example.com/elsewhere",
    "keep_symbols": ["main.*"],
    "linkcheck_policy": "policy.json",
    "linker": "golink",
    "linker_flags": [],
    "memory_limit": "64MiB",
    "notes": {"ACME:1": "syscalls.txt"},
    "out": "renamed",
    "pack": "lz4",
    "platforms": ["@rules_go3s//platforms:linux_amd64"],
    "sections": {".embed": "syscalls.txt"},
    "size_budget": "50MB",
    "srcs": ["main.go"],
    "strip": "debug",
    "target_compatible_with": [],
    "traceback": "functions",
    "tzdata": True,
    "x_defs": {"A": "b"},
}

def programs_with_select(name):
    """Declares a program `<name>_<attribute>` for each attribute, with `srcs` and that attribute.

    Args:
      name: prefix of the names.
    """
    for attribute, value in _VALUES.items():
        go_static_binary(
            name = "{}_{}".format(name, attribute),
            **({"srcs": ["main.go"]} | {attribute: select({"//conditions:default": value})})
        )
