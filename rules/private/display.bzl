"""How labels read in messages and reports."""

visibility("//rules/...")

def display(label):
    """Returns a label (Label or string) as a user writes it: without `@@` where it is of the main repository."""  # buildifier: disable=function-docstring
    text = str(label)
    return text.removeprefix("@@") if text.startswith("@@//") else text
