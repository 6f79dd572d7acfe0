"""A rule for what the air-gap mode does not have."""

def _unavailable_impl(ctx):
    fail(("{}: the air-gap mode has no protocol buffer compiler, and so builds no proto_library and no go_proto_library. Use the Go " +
          "code that protoc generated from the .proto file (for Gazelle: `# gazelle:proto disable_global`), or a Bazel that reaches " +
          "the registry (RULES_GO3S_AIRGAP=0)").format(ctx.label))

# Executable, as protoc is.
unavailable = rule(
    implementation = _unavailable_impl,
    doc = "Fails when something that needs it is built, and not when BUILD files that name it are loaded.",
    executable = True,
)
