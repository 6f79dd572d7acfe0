"""How labels read in messages and reports, and where outputs of a target are."""

visibility("//rules/...")

def display(label):
    """Returns a label (Label or string) as a user writes it: without `@@` where it is of the main repository."""  # buildifier: disable=function-docstring
    text = str(label)
    return text.removeprefix("@@") if text.startswith("@@//") else text

def output_path(name, path):
    """Returns where a file of a target is, relative to its package: in a folder that no other target and no package has.

    As rules_go does it for `go_binary`, the folder is the target's name and an underscore.

    Args:
      name: string: name of the target.
      path: string: of the file in the folder.
    Returns:
      string.
    """
    return "{}_/{}".format(name, path)
