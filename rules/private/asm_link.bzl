"""Go3sAsm and Go3sLink of a program in Go assembly without the Go runtime."""

load("//toolchains:golink.bzl", "GOLINK_TOOLCHAIN")
load(":args.bzl", "tool_args")
load(":display.bzl", "display", "output_path")
load(":golink.bzl", "EXEC_GROUP", "golink_action", "golink_command")
load(":providers.bzl", "Go3sLinkInfo")
load(":rules_go_compat.bzl", "GO_CONTEXT_ATTRS", "GO_TOOLCHAIN", "go_asm_inputs")

visibility("//rules/...")

def _asm_link_impl(ctx):
    inputs = go_asm_inputs(ctx, EXEC_GROUP)
    if inputs.goos != "linux":
        fail("\n{}: GOOS is {}, want linux; choose one of @rules_go3s//platforms".format(display(ctx.attr.public_label), inputs.goos))
    suffix = "_{}.s".format(inputs.goarch)
    sources = [file for file in ctx.files.srcs if file.basename.endswith(suffix)]
    if not sources:
        fail("\n{}: srcs: no file is named *{}, want one for each platform; found {}".format(
            display(ctx.attr.public_label),
            suffix,
            ", ".join([file.basename for file in ctx.files.srcs]),
        ))

    objects = []
    for source in sources:
        obj = ctx.actions.declare_file(output_path(ctx.label.name, source.basename + ".o"))
        args = ctx.actions.args()
        args.add("-p", "main")
        args.add("-I", inputs.include)
        args.add("-D", "GOOS_linux")
        args.add("-D", "GOARCH_" + inputs.goarch)
        args.add("-o", obj)
        args.add(source)
        ctx.actions.run(
            executable = inputs.asm,
            arguments = [args],
            inputs = depset([source], transitive = [inputs.headers]),
            outputs = [obj],
            env = {"GOARCH": inputs.goarch, "GOOS": "linux", "GOROOT": "GOROOT"},
            mnemonic = "Go3sAsm",
            progress_message = "Assembling %{input}",
            exec_group = EXEC_GROUP,
            execution_requirements = {"supports-path-mapping": "1"},
        )
        objects.append(obj)

    out = ctx.actions.declare_file(output_path(ctx.label.name, ctx.attr.basename))
    args = tool_args(ctx)
    args.add("--goarch", inputs.goarch)
    args.add(ctx.attr.entry, format = "--entry=%s")
    command = golink_command(ctx, "asm", args, depset(objects), files = objects)
    golink_action(ctx, command, out)
    linked = struct(file = out, cgo_left_out = None)
    return [
        DefaultInfo(files = depset([out])),
        Go3sLinkInfo(
            archives = None,
            command = command,
            package_list = None,
            linked = linked,
            debug = linked,
            goarch = inputs.goarch,
            declared_licenses = depset(),
            mode = "exe",
            sdk = None,
            std_table = None,
            unverified_go = None,
            runfiles = ctx.runfiles(),
            environment = RunEnvironmentInfo(),
            instrumented = None,
        ),
    ]

go3s_asm_link = rule(
    implementation = _asm_link_impl,
    doc = "Assembles and links the sources of one architecture.",
    attrs = GO_CONTEXT_ATTRS | {
        "basename": attr.string(
            doc = "File name of the output.",
            mandatory = True,
        ),
        "entry": attr.string(
            doc = "Symbol at which the program starts.",
            mandatory = True,
        ),
        "public_label": attr.string(
            doc = "Label that messages name: the target the user wrote.",
            mandatory = True,
        ),
        "srcs": attr.label_list(
            doc = "Files of Go assembly, `*_<goarch>.s`.",
            mandatory = True,
            allow_files = [".s"],
        ),
    },
    exec_groups = {
        EXEC_GROUP: exec_group(toolchains = [GO_TOOLCHAIN, GOLINK_TOOLCHAIN]),
    },
    toolchains = [GO_TOOLCHAIN],
    provides = [Go3sLinkInfo],
)
