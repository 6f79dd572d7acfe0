"""go_licenses: the licence texts of Go modules, for go_release.

```
go_licenses = use_extension("@rules_go3s//rules:go_licenses.bzl", "go_licenses")
go_licenses.from_file(go_mod = "//:go.mod")
use_repo(go_licenses, "go_licenses")
```

`@go_licenses//:licenses.json` then has what `module_licenses` of go_release wants. The texts are those in the repositories that
Gazelle's `go_deps` makes of the modules, so each is of the version that is built. Nothing is fetched before a release asks for it.
"""

load("//rules/private:go_licenses.bzl", "go_licenses_repository")

# A repository of go_deps: the names of the others differ in the last part alone.
_SIBLING = Label("@org_golang_x_mod//:BUILD.bazel")
_SIBLING_NAME = "org_golang_x_mod"

# What go_deps takes from Bazel modules of the same sources.
_BAZEL_MODULES = [
    "github.com/bazelbuild/bazel-gazelle",
    "github.com/bazelbuild/rules_go",
]

def _repository(path):
    """Returns the canonical name of the repository that go_deps makes of a Go module, by Gazelle's rule."""
    segments = path.split("/")
    name = "_".join(reversed(segments[0].split("."))) + "".join(["_" + s for s in segments[1:]])
    name = "".join([c.lower() if c.isalnum() else "_" for c in name.elems()])
    return _SIBLING.repo_name.removesuffix(_SIBLING_NAME) + name

def _required(text):
    """Returns the paths of the modules that a go.mod file requires."""
    out = []
    block = False
    for line in text.splitlines():
        words = [word for word in line.split("//")[0].replace("(", " ( ").replace("\t", " ").strip("\r").split(" ") if word]
        if words[:2] == ["require", "("]:
            block = True
        elif words == [")"]:
            block = False
        elif words and (block or words[0] == "require"):
            out.append(words[-2])
    return out

def _go_licenses_impl(mctx):
    modules = {}
    for module in mctx.modules:
        if not module.is_root:
            continue  # a release is the root module's
        for tag in module.tags.from_file:
            for path in _required(mctx.read(tag.go_mod)):
                if path not in tag.exclude and path not in _BAZEL_MODULES:
                    modules[path] = "@@{}//:BUILD.bazel".format(_repository(path))
    go_licenses_repository(name = "go_licenses", modules = modules)
    return mctx.extension_metadata(reproducible = True)

go_licenses = module_extension(
    implementation = _go_licenses_impl,
    doc = "Makes `@go_licenses`: the licence texts of the modules of go.mod files of the root module.",
    tag_classes = {
        "from_file": tag_class(
            doc = "Reads a go.mod file.",
            attrs = {
                "exclude": attr.string_list(
                    doc = "Paths of modules that go_deps makes no repository of, such as those of Bazel modules.",
                ),
                "go_mod": attr.label(
                    doc = "The go.mod file that go_deps.from_file gets.",
                    mandatory = True,
                ),
            },
        ),
    },
)
