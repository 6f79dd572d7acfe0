"""size_test: keeps what a program's bytes are spent on under a budget."""

load("//rules/private:size_test.bzl", "size_update", _size_test = "size_test")

def size_test(name, binary, budget, tolerance_percent = 0, functions = "module", **kwargs):
    """Compares the sizes of a program, by section and by Go package, with a checked-in budget file.

    The test prints what differs, and fails when the file, a section or a package is larger than in
    the budget, or is not in it. It names the functions that have grown in a package, and a page that says
    what every byte is for (output group `size_report`). `bazel run :<name>.update` accepts the present sizes.

    Args:
      name: name of the test. `<name>.update` is the program that writes the budget file.
      binary: label of a program of this module, of which all platforms are measured, or of a go_binary.
      budget: label of the budget file, a source file. A new one has the contents `{"schema": 1, "files": {}}`.
      tolerance_percent: by how many percent each part may be above its budget.
      functions: string: of which packages the budget file has the functions, so that the test can name those that have
        grown: `"module"`, the packages of the main module; `"all"`, which makes the file large; or `"none"`.
      **kwargs: attributes of all tests, such as `tags`.
    """
    _size_test(
        name = name,
        binary = binary,
        budget = budget,
        functions = functions,
        tolerance_percent = str(tolerance_percent),
        size = kwargs.pop("size", "small"),
        **kwargs
    )
    size_update(
        name = name + ".update",
        testonly = True,
        binary = binary,
        budget = budget,
        functions = functions,
        tags = ["manual"],
        visibility = kwargs.get("visibility"),
    )
