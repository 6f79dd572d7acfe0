"""Attributes by which users choose where the actions of an exec group run, spread over the targets of a macro."""

load(":selects.bzl", "refuse_selects")

visibility("//rules/...")

# The exec groups of the targets that this module's macros declare.
GO_LINK = "go_link"  # of the go_binary
GO3S_LINK = "go3s_link"
GO3S_STRIP = "go3s_strip"
GO3S_CHECK = "go3s_check"
TEST = "test"  # of every test: what runs it

def spread_exec_groups(name, kwargs, targets):
    """Takes exec_properties and exec_group_compatible_with out of kwargs.

    Bazel ignores the properties for exec groups that a rule does not have, so that a misspelt one would be lost.

    Args:
      name: string: name of the macro's target, for messages.
      kwargs: dict: attributes of the macro; the two are removed.
      targets: dict from the name of a target to the list of exec groups that it has.
    Returns:
      dict from the name of a target to a dict of the two attributes, where they are set. Fails for a group that no target has.
    """
    refuse_selects(name, kwargs, ["exec_properties", "exec_group_compatible_with"])
    known = []
    for groups in targets.values():
        known += [group for group in groups if group not in known]
    spread = {target: {} for target in targets}

    properties = kwargs.pop("exec_properties", None) or {}
    for key in properties:
        if "." in key:
            _require_group(name, "exec_properties", key, key.split(".")[0], known)
    for target, groups in targets.items():
        own = {key: value for key, value in properties.items() if "." not in key or key.split(".")[0] in groups}
        if own:
            spread[target]["exec_properties"] = own

    # Bazel has this attribute since 8.1.
    constraints = kwargs.pop("exec_group_compatible_with", None) or {}
    for group in constraints:
        _require_group(name, "exec_group_compatible_with", group, group, known)
    for target, groups in targets.items():
        own = {group: value for group, value in constraints.items() if group in groups}
        if own:
            spread[target]["exec_group_compatible_with"] = own
    return spread

def _require_group(name, attribute, key, group, known):
    if group not in known:
        fail("\n//{}:{}: {}: {}: there is no exec group {}; want {}".format(
            native.package_name(),
            name,
            attribute,
            repr(key),
            repr(group),
            ", ".join(known),
        ))
