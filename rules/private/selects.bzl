"""Attributes that decide what a macro declares, which is before Bazel chooses a value of a select()."""

visibility("//rules/...")

def refuse_selects(name, kwargs, keys):
    """Fails where one of some attributes is a select().

    Args:
      name: string: name of the macro's target, for messages.
      kwargs: dict: attributes of the macro.
      keys: list of string: the attributes that cannot be one.
    """
    for key in keys:
        if type(kwargs.get(key)) == "select":
            fail(("\n//{}:{}: {} = select(...): want a value: it decides which targets are declared, and Bazel chooses later; " +
                  "declare a target for each value and select() among those").format(native.package_name(), name, key))
