"""The settings of rules_go by which a frozen FIPS 140-3 module is chosen."""

load(":modules.bzl", "FIPS_MODULES", "fips_sdk_name", "is_fips_sdk_name")

visibility(["//rules/...", "//toolchains/..."])

_SDK_NAME = "@rules_go//go/toolchain:sdk_name"
_TAGS = "@rules_go//go/config:tags"

# Inputs and outputs of a transition that uses fips_settings.
FIPS_SETTINGS = [_SDK_NAME, _TAGS]

def fips_settings(settings, version):
    """Returns the values of FIPS_SETTINGS with which programs use a FIPS 140-3 module.

    Args:
      settings: dict with the values of FIPS_SETTINGS at the moment. What another program set is taken back.
      version: string: a key of FIPS_MODULES; anything else for no frozen module.
    Returns:
      dict of setting to value.
    """
    tags = {tag: None for tag in settings[_TAGS]}
    for module in FIPS_MODULES.values():
        tags.pop(module.tag, None)
    name = settings[_SDK_NAME]
    if version in FIPS_MODULES:
        name = fips_sdk_name(version)
        tags[FIPS_MODULES[version].tag] = None
    elif is_fips_sdk_name(name):
        name = ""
    return {_SDK_NAME: name, _TAGS: tags.keys()}

def _no_fips_impl(settings, _attr):
    return fips_settings(settings, "")

# For tools: they are built once, whatever programs use.
no_fips_transition = transition(
    implementation = _no_fips_impl,
    inputs = FIPS_SETTINGS,
    outputs = FIPS_SETTINGS,
)
