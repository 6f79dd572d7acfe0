"""From go_binary's attributes to the targets that build a static program."""

load("@rules_go//go:def.bzl", "go_binary")
load("//rules:go_ca_roots.bzl", "go_ca_roots")
load("//toolchains/fips:modules.bzl", "fips_problem")
load(":binary.bzl", "go3s_binary")
load(":embedded_imports.bzl", "embedded_imports")
load(":exec_groups.bzl", "GO3S_CHECK", "GO3S_LINK", "GO3S_STRIP", "GO_LINK", "spread_exec_groups")
load(":goarch.bzl", "GOARCHS", "goarch_list")
load(":link.bzl", "go3s_link")
load(":selects.bzl", "refuse_selects")
load(":startup.bzl", "STARTUP_LIMITS", "STARTUP_PACKAGE", "STARTUP_TARGET")

visibility("//rules/...")

# Attributes of every rule that hold for all targets of the macro. package_metadata is Bazel 8's.
_COMMON_ATTRS = [
    "applicable_licenses",
    "aspect_hints",
    "compatible_with",
    "exec_compatible_with",
    "features",
    "package_metadata",
    "restricted_to",
    "target_compatible_with",
    "testonly",
    "toolchains",
]

# Attributes of the public target alone.
_PUBLIC_ATTRS = [
    "allowed_syscalls",
    "args",
    "compare",
    "data",
    "deprecation",
    "env",
    "keep_symbols",
    "linkcheck_policy",
    "pack",
    "platforms",
    "strip",
    "traceback",
    "visibility",
]

# Attributes of the link alone.
_LINK_ATTRS = [
    "function_alignment",
    "godebug",
    "linker",
    "linker_flags",
    "linker_script",
]

# go_binary's attributes that choose what this module has chosen already, with the values that agree.
_SETTLED_ATTRS = {
    "exe": {
        "linkmode": ["auto", "normal"],
        "pure": ["on", "auto"],
        "static": ["on", "auto"],
    },
    "static-pie": {
        "linkmode": ["auto", "pie"],
        "pure": ["on", "auto"],
        "static": ["on", "auto"],
    },
}

# Attributes that decide what is declared, besides those of spread_exec_groups.
_LOADING_ATTRS = [
    "fips",
    "goarch",
    "goos",
    "linkmode",
    "package_note",
    "pure",
    "static",
]

_COVERAGE_PACKAGE = "github.com/go3s/rules_go3s/rules/private/coverage"
_COVERAGE_TARGET = Label("//rules/private/coverage")
_COVERAGE_ENABLED = Label("//rules/private/coverage:enabled")

def _fail(name, message):
    fail("\n//{}:{}: {}".format(native.package_name(), name, message))

def _settle_go_platform(name, kwargs):
    """Turns goos and goarch, as go_binary has them, into `platforms`."""
    goos = kwargs.pop("goos", "auto")
    goarch = kwargs.pop("goarch", "auto")
    if goarch == "auto":
        if goos not in ["auto", "linux"]:
            _fail(name, "goos = {}: want \"linux\"; use go_binary for other systems".format(repr(goos)))
        return
    if goos != "linux" or goarch not in GOARCHS:
        _fail(name, ("goos = {}, goarch = {}: want \"linux\" and {}; " +
                     "use go_binary for other platforms").format(repr(goos), repr(goarch), goarch_list()))
    if kwargs.get("platforms"):
        _fail(name, "goarch and platforms are both set; remove goos and goarch")
    kwargs["platforms"] = [Label("//platforms:linux_" + goarch)]

def _importpath(package, name):
    return package if package.endswith(name) else (package + "/" + name).removeprefix("/")

def _embedded_imports(name, kwargs, common, tags, limits):
    """Adds to the go_binary what ca_roots, tzdata and the limits of the runtime ask for."""
    roots = kwargs.pop("ca_roots", None)
    imports = []
    if limits:
        imports.append(STARTUP_PACKAGE)
        kwargs["deps"] = kwargs.get("deps", []) + [STARTUP_TARGET]
    if roots:
        importpath = "/".join(["rules_go3s.invalid/ca_roots", native.package_name(), name])
        go_ca_roots(
            name = name + ".ca_roots",
            roots = roots,
            importpath = importpath,
            tags = tags,
            testonly = common.get("testonly"),
            visibility = ["//visibility:private"],
        )
        imports.append(importpath)
        kwargs["deps"] = kwargs.get("deps", []) + [":{}.ca_roots".format(name)]
    tzdata = kwargs.pop("tzdata", False)
    if imports or tzdata:
        embedded_imports(
            name = name + ".imports",
            imports = imports,
            tzdata = tzdata,
            tags = tags,
            testonly = common.get("testonly"),
            visibility = ["//visibility:private"],
        )
        kwargs["srcs"] = kwargs.get("srcs", []) + [":{}.imports".format(name)]

def _coverage_imports(name, kwargs, common, tags):
    """Adds to the go_binary what programs need in `bazel coverage`."""
    imports = name + ".coverage_imports"
    embedded_imports(
        name = imports,
        imports = [_COVERAGE_PACKAGE],
        tags = tags,
        testonly = common.get("testonly"),
        visibility = ["//visibility:private"],
    )
    for key, target in {"deps": _COVERAGE_TARGET, "srcs": ":" + imports}.items():
        kwargs[key] = kwargs.get(key, []) + select({
            _COVERAGE_ENABLED: [target],
            "//conditions:default": [],
        })

def _pop_user_data(kwargs):
    """Takes what golink adds to the program out of kwargs."""
    data = {key: kwargs.pop(key) for key in ["notes", "package_note", "sections"] if key in kwargs}
    if type(data.get("package_note")) in ["string", "Label"]:
        data["package_note_file"] = data.pop("package_note")
    return data

def static_program(name, mode, profile, binary = None, **kwargs):
    """Declares the targets of one static program.

    `<name>` is the public go3s_binary, `<name>.link` the link on one platform and
    `<name>.main` the go_binary when none is given.

    Args:
      name: name of the public target.
      mode: golink's build mode.
      profile: linkcheck's profile.
      binary: label of a go_binary, or None to declare one from kwargs.
      **kwargs: attributes as the public macros document them.
    """
    kwargs = {key: value for key, value in kwargs.items() if value != None}
    refuse_selects(name, kwargs, _LOADING_ATTRS)
    common = {key: kwargs.pop(key) for key in _COMMON_ATTRS if key in kwargs}
    exec_groups = spread_exec_groups(name, kwargs, ({} if binary else {"main": [GO_LINK]}) | {
        "link": [GO3S_LINK],
        "public": [GO3S_LINK, GO3S_STRIP, GO3S_CHECK],
    })
    tags = kwargs.pop("tags", [])
    hidden_tags = tags + ["manual"]
    out = kwargs.pop("out", "")
    basename = kwargs.pop("basename", None) or (type(out) == "string" and out or name).split("/")[-1]
    size_budget = kwargs.pop("size_budget", "")
    if type(size_budget) == "int":
        size_budget = str(size_budget)
    link_x_defs = {}
    user_data = _pop_user_data(kwargs)

    _settle_go_platform(name, kwargs)
    fips = kwargs.pop("fips", "")
    problem = fips_problem(fips)
    if problem:
        _fail(name, problem)
    public = {key: kwargs.pop(key) for key in _PUBLIC_ATTRS if key in kwargs}
    public.setdefault("traceback", "full")
    link = {key: kwargs.pop(key) for key in _LINK_ATTRS if key in kwargs}
    limits = {key: kwargs.pop(key) for key in STARTUP_LIMITS if key in kwargs}
    if type(limits.get("gc_percent")) == "int":
        limits["gc_percent"] = str(limits["gc_percent"])

    if binary:
        link_x_defs = kwargs.pop("x_defs", {})
        if link_x_defs:
            link["data"] = public.get("data", [])
        for key in ["ca_roots", "tzdata"]:
            if kwargs.pop(key, None):
                _fail(name, ("{} cannot be added to the finished package of `binary`; give srcs or embed instead of binary, " +
                             "or import {} in {}").format(
                    key,
                    "time/tzdata" if key == "tzdata" else "a go_ca_roots package",
                    binary,
                ))
        for key in limits:
            _fail(name, ("{} cannot be added to the finished package of `binary`; give srcs or embed instead of binary, " +
                         "or call {} in {}").format(
                key,
                {
                    "gc_percent": "debug.SetGCPercent",
                    "gomaxprocs": "runtime.GOMAXPROCS",
                    "memory_limit": "debug.SetMemoryLimit",
                }[key],
                binary,
            ))
        if kwargs:
            _fail(name, "{} goes to the go_binary {}, not here, because `binary` is set".format(
                ", ".join(sorted(kwargs)),
                binary,
            ))
    else:
        for key, agreed in _SETTLED_ATTRS[mode].items():
            if type(kwargs.get(key)) == "string":
                value = kwargs[key]
                if value in agreed:
                    kwargs.pop(key)
                elif key in ["linkmode", "static"]:
                    _fail(name, "{} = {}: want {}; remove it, or use {}".format(
                        key,
                        repr(value),
                        " or ".join([repr(v) for v in agreed]),
                        {"normal": "go_static_binary", "pie": "go_pie_binary"}.get(value, "go_binary"),
                    ))
        if not kwargs.get("embed"):
            # As rules_go infers it for a go_binary of the public name.
            kwargs.setdefault("importpath", _importpath(native.package_name(), name))
        _embedded_imports(name, kwargs, common, hidden_tags, limits)
        _coverage_imports(name, kwargs, common, hidden_tags)
        binary = ":{}.main".format(name)
        go_binary(
            name = name + ".main",
            tags = hidden_tags,
            visibility = ["//visibility:private"],
            **(kwargs | common | exec_groups["main"])
        )

    go3s_link(
        name = name + ".link",
        basename = basename,
        binary = binary,
        fips = fips,
        mode = mode,
        pack = public.get("pack", ""),
        public_label = str(native.package_relative_label(name)),
        tags = hidden_tags,
        visibility = ["//visibility:private"],
        x_defs = link_x_defs,
        **(user_data | link | limits | common | exec_groups["link"])
    )
    go3s_binary(
        name = name,
        basename = basename,
        fips = fips,
        link = ":{}.link".format(name),
        out = out,
        profile = profile,
        size_budget = size_budget,
        tags = tags,
        **(public | common | exec_groups["public"])
    )
