"""The registry of the machines that programs are built for, beside internal/machine: a test there compares the two."""

visibility([
    "//rules/...",
    "//toolchains/...",
])

# GOARCH to what others call the machine: name, as qemu, Linux and @platforms//cpu have it, uname, as Bazel
# reports `uname -m`, and efi, as UEFI and systemd name files for it.
MACHINES = {
    "amd64": struct(name = "x86_64", uname = ["amd64", "x86_64"], efi = "x64"),
    "arm64": struct(name = "aarch64", uname = ["aarch64", "arm64"], efi = "aa64"),
    "riscv64": struct(name = "riscv64", uname = ["riscv64"], efi = "riscv64"),
}

GOARCHS = MACHINES.keys()

def goarch_list(quote = "\""):
    """Returns the GOARCH values as a message has them: "amd64", "arm64" or "riscv64".

    Args:
      quote: string: what is before and after each.
    Returns:
      string.
    """
    names = [quote + goarch + quote for goarch in GOARCHS]
    return ", ".join(names[:-1]) + " or " + names[-1]
