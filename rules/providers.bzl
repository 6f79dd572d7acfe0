"""Public providers of rules_go3s."""

Go3sVariantInfo = provider(
    doc = "One executable: what a target of this module is on one platform.",
    fields = {
        "platform": "Label of the platform, or None when the target follows `--platforms`.",
        "goos": "string: always `linux`.",
        "goarch": "string: `amd64`, `arm64` or `riscv64`.",
        "mode": "string: `exe` (fixed address) or `static-pie`.",
        "profile": "string: the linkcheck profile that the executable must pass.",
        "executable": "File: the finished executable.",
        "linked": "File: the executable as the linker left it, with symbols, without DWARF.",
        "unpacked": "File: the executable before it was packed, or None without `pack`.",
        "debug": "File: separate debug information, which debuggers find by the build-id.",
        "symbols": "File: what `traceback = \"external\"` took out, for tools/symbolize; else None.",
        "report": "File: linkcheck's report on the executable (JSON).",
        "declared_licenses": "depset of struct(package, label, kinds, text, metadata): the licences that targets of Go packages declare. " +
                             "package: string, an import path; label: string, of what declares them; kinds: tuple of string, names of licences, " +
                             "and text: File or None, both of rules_license; metadata: tuple of File, PackageMetadataInfo's `metadata` of the " +
                             "package, if there is one, and, if label is of that, the files of its attributes.",
    },
)

Go3sBinaryInfo = provider(
    doc = "The executables that one target builds.",
    fields = {
        "variants": "list of Go3sVariantInfo, one for each platform, in the order of `platforms`.",
    },
)

LinkcheckReportsInfo = provider(
    doc = "What linkcheck_aspect found out about a target and the targets below it.",
    fields = {
        "reports": "depset of File: linkcheck's reports (JSON), one for each executable.",
        "verdicts": "depset of File: empty files, built when a report has no error.",
    },
)

Go3sReleaseInfo = provider(
    doc = "A release.",
    fields = {
        "directory": "File: the folder of the release (docs/releases.md says what is in it).",
        "version": "string: its version.",
    },
)

Go3sInitramfsInfo = provider(
    doc = "The first file system of Linux.",
    fields = {
        "file": "File: the archive (cpio).",
        "goarch": "string: of its programs, `amd64`, `arm64` or `riscv64`.",
    },
)

Go3sUkiInfo = provider(
    doc = "A unified kernel image.",
    fields = {
        "file": "File: the image, a UEFI program.",
        "goarch": "string: of the machines that it boots, `amd64`, `arm64` or `riscv64`.",
        "signed": "bool: whether it has a signature.",
    },
)
