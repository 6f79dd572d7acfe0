"""The frozen FIPS 140-3 modules of Go that programs can be built with.

internal/fips/modules.json, which says what is certified, has the same modules; a test compares the two.
"""

visibility(["//rules/...", "//toolchains/..."])

# Version of the module, as GOFIPS140 names it, to:
#   sha256: of GOROOT/lib/fips140/<version>.zip; the security policy of the module names it, so it never changes.
#   tag: the build tag that is set with this module, as the go command sets it.
FIPS_MODULES = {
    "v1.0.0-c2097c7c": struct(
        sha256 = "daf3614e0406f67ae6323c902db3f953a1effb199142362a039e7526dfb9368b",
        tag = "fips140v1.0",
    ),
    "v1.26.0": struct(
        sha256 = "9b28f847fdf1db4a36cb2b2f8ec09443c039383f085630a03ecfaddf6db7ea23",
        tag = "fips140v1.26",
    ),
}

# The module of the Go release itself, which is not frozen.
FIPS_LATEST = "latest"

# Other names of modules: the files GOROOT/lib/fips140/<name>.txt. What they name may change with a Go release, but a
# configuration is chosen before the SDK is read, so an SDK that says otherwise is refused.
FIPS_ALIASES = {
    "certified": "v1.0.0-c2097c7c",
    "inprocess": "v1.26.0",
    "v1.0.0": "v1.0.0-c2097c7c",
}

_PREFIX = "rules_go3s_fips_"

def fips_names():
    """Returns the values of the attribute `fips`, without the empty one, as a list of string."""
    return [FIPS_LATEST] + sorted(FIPS_ALIASES.keys() + FIPS_MODULES.keys())

def fips_problem(name):
    """Tells what is wrong with a value of the attribute `fips`.

    Args:
      name: string.
    Returns:
      string: what was found, what was wanted and what to do; None if all is well.
    """
    if not name or name in fips_names():
        return None
    return ("fips = {}: this rules_go3s knows no such FIPS 140-3 module of Go; want {}: choose one of them, or a " +
            "rules_go3s that knows this one").format(repr(name), ", ".join([repr(known) for known in fips_names()]))

def fips_version(name):
    """Returns the version of the module that a value of the attribute `fips` names.

    Args:
      name: string: one of fips_names(), or empty.
    Returns:
      string: a key of FIPS_MODULES, FIPS_LATEST, or empty.
    """
    return FIPS_ALIASES.get(name, name)

def fips_sdk_name(version):
    """Returns the name of the SDK with a frozen module, which is that of its repository, too.

    Args:
      version: string: a key of FIPS_MODULES.
    Returns:
      string.
    """
    return _PREFIX + version

def is_fips_sdk_name(name):
    """Tells whether an SDK has a frozen module.

    Args:
      name: string: name of an SDK, as rules_go's setting sdk_name has it.
    Returns:
      bool.
    """
    return name.startswith(_PREFIX)
