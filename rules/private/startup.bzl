"""What a program starts with: GODEBUG, and the runtime's limits. docs/startup.md explains the attributes."""

visibility("//rules/...")

# The package that applies the limits, and the path that it is compiled under (its importmap).
STARTUP_PACKAGE = "github.com/go3s/rules_go3s/rules/private/startup"
STARTUP_TARGET = Label("//rules/private/startup")
_STARTUP_PATH = "+initfirst/" + STARTUP_PACKAGE

# Attributes that need the package.
STARTUP_LIMITS = ["gc_percent", "gomaxprocs", "memory_limit"]

STARTUP_ATTRS = {
    "gc_percent": attr.string(
        doc = "Initial GOGC: a percentage or `off`.",
    ),
    "godebug": attr.string_dict(
        doc = "Settings that GODEBUG starts with, over those of `//go:debug` lines in the sources; the environment can change each.",
    ),
    "gomaxprocs": attr.int(
        doc = "GOMAXPROCS where the environment does not set it; 0 leaves it to the runtime. Not with `binary`.",
    ),
    "memory_limit": attr.string(
        doc = "GOMEMLIMIT where the environment does not set it, such as `512MiB`. Not with `binary`.",
    ),
}

_UNITS = {
    "B": 1,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}

_MAX_INT32 = (1 << 31) - 1
_MAX_INT64 = (1 << 63) - 1

def _digits(text):
    """Returns how many digits text begins with."""
    for i, char in enumerate(text.elems()):
        if not char.isdigit():
            return i
    return len(text)

def _gc_percent(text):
    """Returns the number for debug.SetGCPercent, None if there is none."""
    if text == "off":
        return -1
    if not text or _digits(text) != len(text) or len(text) > 10 or int(text) > _MAX_INT32:
        return None
    return int(text)

def _memory_limit(text):
    """Returns the number of bytes, None if there is none. The units are those of GOMEMLIMIT."""
    digits = _digits(text)
    unit = text[digits:] or "B"
    if digits == 0 or digits > 19 or unit not in _UNITS:
        return None
    limit = int(text[:digits]) * _UNITS[unit]
    return limit if 0 < limit and limit <= _MAX_INT64 else None

def startup_problem(ctx):
    """Tells what is wrong with the attributes of a rule with STARTUP_ATTRS.

    Args:
      ctx: its context.
    Returns:
      string: what was found, what was wanted and what to do; None if all is well.
    """
    attrs = ctx.attr
    if attrs.gc_percent and _gc_percent(attrs.gc_percent) == None:
        return "gc_percent = {}: want a percentage from 0 to {}, or \"off\"".format(repr(attrs.gc_percent), _MAX_INT32)
    if attrs.memory_limit and _memory_limit(attrs.memory_limit) == None:
        return "memory_limit = {}: want a number of bytes above 0, with a unit B, KiB, MiB, GiB or TiB, for example \"512MiB\"".format(repr(attrs.memory_limit))
    if attrs.gomaxprocs < 0:
        return "gomaxprocs = {}: want the number of threads that run Go code at once, at least 1".format(attrs.gomaxprocs)
    for key, value in attrs.godebug.items():
        for char in ["=", ",", " ", "\t", "\n", "\r"]:
            if char in key or (char in value and char != "="):
                return "godebug: {} = {}: holds {}: want one key and its value".format(repr(key), repr(value), repr(char))
    return None

def startup_x_defs(ctx):
    """Returns the x_defs for the package that applies the limits.

    Args:
      ctx: context of a rule with STARTUP_ATTRS in which startup_problem finds none.
    Returns:
      dict of string to string.
    """
    values = {}
    if ctx.attr.gc_percent:
        values["gcPercent"] = _gc_percent(ctx.attr.gc_percent)
    if ctx.attr.memory_limit:
        values["memoryLimit"] = _memory_limit(ctx.attr.memory_limit)
    if ctx.attr.gomaxprocs:
        values["maxProcs"] = ctx.attr.gomaxprocs
    return {"{}.{}".format(_STARTUP_PATH, name): str(value) for name, value in values.items()}

def add_godebug(ctx, args, sources, tags):
    """Adds golink's flags for GODEBUG to an Args.

    Args:
      ctx: context of a rule with STARTUP_ATTRS in which startup_problem finds none.
      args: Args.
      sources: list of File: sources that may have //go:debug lines.
      tags: list of string: build tags that they are read with.
    Returns:
      list of File: what the flags name.
    """
    args.add_all(sources, before_each = "--main-source")
    args.add_all(tags, format_each = "--tag=%s")
    args.add_all(
        ["{}={}".format(key, value) for key, value in ctx.attr.godebug.items()],
        format_each = "--godebug=%s",
    )
    return sources
