"""Providers that pass between the rules of this module."""

visibility("//rules/...")

Go3sLinkInfo = provider(
    doc = "A Go program to be linked, and links of it: each struct(file, cgo_left_out) of Files, an ELF executable and the report (JSON) on " +
          "the files that building without cgo left out, None for assembly.",
    fields = {
        "archives": "depset of GoArchiveData: the packages that were linked, without the standard library; None for assembly.",
        "command": "what golink_command returned, to link the program otherwise; None for another linker than golink.",
        "linked": "a link, with symbols, without DWARF.",
        "debug": "a link, the same with DWARF, if the program can have it.",
        "goarch": "string: GOARCH.",
        "declared_licenses": "depset of struct, as `declared_licenses` of Go3sVariantInfo says.",
        "mode": "string: `exe` or `static-pie`.",
        "package_list": "File: import paths of the standard library, one a line; None for assembly.",
        "sdk": "Go3sSdkInfo: of the SDK that the program was compiled by; None for assembly.",
        "unverified_go": "string: `refuse` or `warn`, what to do about an SDK that was not verified; None for assembly.",
        "std_table": "File: what depends on the architecture in that SDK's standard library (linkcheck stdtable); None for assembly.",
        "runfiles": "runfiles: what the program's packages need at run time (`data`).",
        "environment": "RunEnvironmentInfo of the wrapped binary.",
        "instrumented": "InstrumentedFilesInfo of the wrapped binary, or None.",
    },
)

Go3sSdkInfo = provider(
    doc = "What is read of a Go SDK's sources.",
    fields = {
        "godebug": "list of File: the sources with the tables of GODEBUG settings.",
        "root": "string: path of GOROOT.",
        "verdict": "File: whether its formats are those of verified releases (linkcheck sdkcheck).",
        "version": "string: version of the SDK, without `go`.",
    },
)

Go3sStdTableInfo = provider(
    doc = "What depends on the architecture in a Go SDK's standard library.",
    fields = {
        "file": "File: as linkcheck stdtable writes it.",
    },
)
