"""size_test: keeps what a program's bytes are spent on under a budget."""

load("//rules/private:size_test.bzl", "size_update", _size_test = "size_test")

def size_test(name, binary, budget, tolerance_percent = 0, **kwargs):
    """Compares the sizes of a program, by section and by Go package, with a checked-in budget file.

    The test prints what differs, and fails when the file, a section or a package is larger than in
    the budget, or is not in it. `bazel run :<name>.update` accepts the present sizes.

    Args:
      name: name of the test. `<name>.update` is the program that writes the budget file.
      binary: label of a program of this module, of which all platforms are measured, or of a go_binary.
      budget: label of the budget file, a source file. A new one has the contents `{"schema": 1, "files": {}}`.
      tolerance_percent: by how many percent each part may be above its budget.
      **kwargs: attributes of all tests, such as `tags`.
    """
    _size_test(
        name = name,
        binary = binary,
        budget = budget,
        tolerance_percent = str(tolerance_percent),
        size = kwargs.pop("size", "small"),
        **kwargs
    )
    size_update(
        name = name + ".update",
        testonly = True,
        binary = binary,
        budget = budget,
        tags = ["manual"],
        visibility = kwargs.get("visibility"),
    )
