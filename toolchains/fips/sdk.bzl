"""Repository rule: the files of a Go SDK, with a frozen FIPS 140-3 module in place of the one of the release.

It does in a tree of files what the go command does in memory when GOFIPS140 names a module:

- The snapshot takes the place of GOROOT/src/crypto/internal/fips140. Its packages have the version in their import path.
- Imports of crypto/internal/fips140/... name these packages, in the standard library and in the snapshot.
- Files are chosen by the build tag of the module.

Nothing else differs, so everything else is a link to the SDK.
"""

load("@go_host_compatible_sdk_label//:defs.bzl", "HOST_COMPATIBLE_SDK")
load(":modules.bzl", "FIPS_ALIASES", "FIPS_MODULES")

visibility("//toolchains/fips")

_BUILD = """\
load("@rules_go3s//toolchains/fips:toolchain.bzl", "fips_toolchains")

fips_toolchains(
    base = "{base}",
    go = "bin/go{exe}",
    headers = glob(["pkg/include/*.h"]),
    root_file = "ROOT",
    srcs = glob(
        ["src/**"],
        exclude = [
            "src/**/*_test.go",
            "src/**/testdata/**",
        ],
    ),
    tools = glob(["go.env", "pkg/tool/**"], allow_empty = True),
)
"""

_FIPS = "crypto/internal/fips140"
_TAG_PREFIX = "fips140v"

def _fail(version, problem):
    fail("\nfips: the frozen module {}: {}".format(version, problem))

def _go_version(rctx, goroot):
    text = rctx.read(goroot.get_child("VERSION")) if goroot.get_child("VERSION").exists else "an unknown version"
    return text.split("\n")[0].removeprefix("go")

def _check_aliases(rctx, version, snapshots, release):
    for alias, meant in FIPS_ALIASES.items():
        file = snapshots.get_child(alias + ".txt")
        if meant != version or not file.exists:
            continue
        found = rctx.read(file).strip()
        if found != meant:
            _fail(version, ("{} in Go {} says {}, but fips = {} of this rules_go3s is {}: set fips to the version of " +
                            "the module, or use the rules_go3s that was made for this Go").format(
                file,
                release,
                repr(found),
                repr(alias),
                meant,
            ))

def _snapshot(rctx, goroot, version):
    """Returns the path of the zip file with the module, whose checksum Go's own list and ours agree on."""
    release = _go_version(rctx, goroot)
    snapshots = goroot.get_child("lib").get_child("fips140")
    zip = snapshots.get_child(version + ".zip")
    if not zip.exists:
        known = []
        if snapshots.exists:
            known = sorted([file.basename.removesuffix(".zip") for file in snapshots.readdir() if file.basename.endswith(".zip")])
        _fail(version, "Go {} has no {}: its modules are {}; choose one of them with fips, or an SDK that has this one".format(
            release,
            zip,
            ", ".join(known) or "none (Go has them since 1.24)",
        ))
    _check_aliases(rctx, version, snapshots, release)

    sums = snapshots.get_child("fips140.sum")
    recorded = None
    for line in (rctx.read(sums) if sums.exists else "").split("\n"):
        # Name, SHA-256 and, since Go 1.26.9, the h1 sum of a Go module.
        fields = [field for field in line.split(" ") if field]
        if len(fields) >= 2 and fields[0] == zip.basename:
            recorded = fields[1]
    wanted = FIPS_MODULES[version].sha256
    if recorded != wanted:
        _fail(version, ("{} in Go {} gives the SHA-256 of {} as {}, want {}, the one in the module's security policy: " +
                        "the SDK was changed; install it again from go.dev/dl").format(
            sums,
            release,
            zip.basename,
            recorded or "nothing",
            wanted,
        ))
    return zip

def _resolve_tag(line, tag):
    """Returns a go:build line without a tag of frozen modules: None if the file is left out with this one, "" if it always belongs."""
    expression = line.removeprefix("//go:build ")
    negated = expression.startswith("!")
    name = expression.removeprefix("!")
    if not name.startswith(_TAG_PREFIX) or " " in name:
        return line  # golang.org/x/... and others: not about the module
    return "" if (name == tag) != negated else None

def _is_import(before):
    """Tells whether what is in front of a string on its line makes it an import: nothing, a name, or `import`."""
    name = before.strip().removeprefix("import").strip()
    return name in ("", "_", ".") or name.replace("_", "").isalnum()

def _rewrite(text, version, tag, file):
    """Returns what a Go source is when the module is in use: None for left out, the same text for unchanged."""
    if _FIPS not in text and _TAG_PREFIX not in text:
        return text
    lines = text.split("\n")
    changed = False
    for i, line in enumerate(lines):
        if line.startswith("//go:build ") and _TAG_PREFIX in line:
            lines[i] = _resolve_tag(line, tag)
            if lines[i] == None:
                return None
            if lines[i] == line:
                _fail(version, "{}: cannot resolve {}: want one tag alone; this Go needs another rules_go3s".format(file, repr(line)))
            changed = True
            continue
        quoted = "\"" + _FIPS
        before, found, after = line.partition(quoted)
        if found and after[:1] in ("/", "\"") and after.endswith("\"") and _is_import(before) and not after.startswith("/" + version):
            lines[i] = before + quoted + "/" + version + after
            changed = True
    return "\n".join(lines) if changed else text

def _overlay(rctx, source, path, version, tag):
    """Links the folder at `source` at `path`, but for what differs with the module."""
    todo = [(source, path)]
    for _ in range(1 << 20):
        if not todo:
            return
        folder, at = todo.pop()
        for entry in folder.readdir():
            target = at + "/" + entry.basename
            if entry.is_dir:
                # Tests are not compiled.
                if target != "src/" + _FIPS and entry.basename != "testdata" and target != "src/{}test".format(_FIPS):
                    todo.append((entry, target))
                continue
            if entry.basename.endswith("_test.go"):
                continue
            if entry.basename.endswith(".go"):
                text = rctx.read(entry)
                rewritten = _rewrite(text, version, tag, entry)
                if rewritten == None:
                    continue
                if rewritten != text:
                    rctx.file(target, rewritten, executable = False, legacy_utf8 = False)
                    continue
            rctx.symlink(entry, target)

def _unpack(rctx, zip, version, tag):
    at = "src/" + _FIPS
    result = rctx.download_and_extract(
        url = "file://" + str(zip.realpath),
        output = at,
        sha256 = FIPS_MODULES[version].sha256,
        stripPrefix = "golang.org/fips140@{}/fips140".format(version),
        allow_fail = True,
    )
    if not result.success:
        _fail(version, "{} cannot be read, or has not the SHA-256 {}: the SDK is damaged; install it again from go.dev/dl".format(
            zip,
            FIPS_MODULES[version].sha256,
        ))
    todo = [rctx.path(at)]
    for _ in range(1 << 20):
        if not todo:
            return
        for entry in todo.pop().readdir():
            if entry.is_dir:
                todo.append(entry)
            elif entry.basename.endswith(".go"):
                text = rctx.read(entry)
                rewritten = _rewrite(text, version, tag, entry)
                if rewritten == None:
                    rctx.delete(entry)
                elif rewritten != text:
                    rctx.file(entry, rewritten, executable = False, legacy_utf8 = False)

def _fips_sdk_impl(rctx):
    version = rctx.attr.version
    tag = FIPS_MODULES[version].tag
    goroot = rctx.path(HOST_COMPATIBLE_SDK.same_package_label("ROOT")).dirname
    zip = _snapshot(rctx, goroot, version)
    for name in ["bin", "go.env", "pkg", "VERSION"]:
        if goroot.get_child(name).exists:
            rctx.symlink(goroot.get_child(name), name)
    src = goroot.get_child("src")
    for entry in src.readdir():
        if entry.basename != "crypto":
            rctx.symlink(entry, "src/" + entry.basename)
    _overlay(rctx, src.get_child("crypto"), "src/crypto", version, tag)
    _unpack(rctx, zip, version, tag)
    rctx.file("ROOT")
    rctx.file("BUILD.bazel", _BUILD.format(
        base = HOST_COMPATIBLE_SDK.same_package_label("{}"),
        exe = ".exe" if goroot.get_child("bin").get_child("go.exe").exists else "",
    ))

fips_sdk = repository_rule(
    implementation = _fips_sdk_impl,
    doc = "The SDK that builds on this machine, with a frozen FIPS 140-3 module.",
    attrs = {
        "version": attr.string(
            doc = "Version of the module.",
            mandatory = True,
            values = FIPS_MODULES.keys(),
        ),
    },
)
