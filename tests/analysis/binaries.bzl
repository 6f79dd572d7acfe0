"""Analysis tests of what the rules provide and which actions they register."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "Go3sBinaryInfo")

def _outputs_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[Go3sBinaryInfo]
    asserts.equals(env, ctx.attr.files, [file.basename for file in target[DefaultInfo].files.to_list()])
    asserts.equals(env, ctx.attr.files, [variant.executable.basename for variant in info.variants])
    asserts.equals(env, ctx.attr.goarchs, [variant.goarch for variant in info.variants])
    asserts.equals(env, ctx.attr.executable, target[DefaultInfo].files_to_run.executable.basename)
    for variant in info.variants:
        asserts.equals(env, "linux", variant.goos)
        if variant.platform:
            group = target[OutputGroupInfo][variant.platform.name]
            asserts.equals(env, [variant.executable], group.to_list())
    compared = [file.basename for file in target[OutputGroupInfo].compare_report.to_list()]
    asserts.equals(env, ctx.attr.compared, compared)
    asserts.equals(env, ctx.attr.validations, len(target[OutputGroupInfo]._validation.to_list()))
    return analysistest.end(env)

def _make_outputs_test(goarch):
    return analysistest.make(
        _outputs_test_impl,
        doc = "Compares the outputs of a target, built with --platforms of {}, with what is wanted.".format(goarch),
        attrs = {
            "compared": attr.string_list(doc = "Reports of comparisons."),
            "executable": attr.string(mandatory = True),
            "files": attr.string_list(mandatory = True),
            "goarchs": attr.string_list(mandatory = True),
            "validations": attr.int(default = 1, doc = "How many verdicts there are, those of what the target is made of included."),
        },
        config_settings = {
            "//command_line_option:platforms": str(Label("//platforms:linux_" + goarch)),
        },
    )

amd64_outputs_test = _make_outputs_test("amd64")
arm64_outputs_test = _make_outputs_test("arm64")

def _files_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[DefaultInfo]
    asserts.equals(env, ctx.attr.files, [file.basename for file in info.files.to_list()])
    asserts.equals(env, None, info.files_to_run.executable)
    return analysistest.end(env)

files_test = analysistest.make(
    _files_test_impl,
    doc = "Passes when a target has these files and none to start, so that $(locations) names them all in every Bazel.",
    attrs = {
        "files": attr.string_list(mandatory = True),
    },
)

def _environment_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, ctx.attr.environment, target[RunEnvironmentInfo].environment)
    runfiles = [file.basename for file in target[DefaultInfo].default_runfiles.files.to_list()]
    for name in ctx.attr.runfiles:
        asserts.true(env, name in runfiles, "{} is not among the runfiles {}".format(name, runfiles))
    return analysistest.end(env)

environment_test = analysistest.make(
    _environment_test_impl,
    doc = "Compares environment and runfiles of a target with what is wanted.",
    attrs = {
        "environment": attr.string_dict(),
        "runfiles": attr.string_list(),
    },
)

def _actions_test_impl(ctx):
    env = analysistest.begin(ctx)
    for action in analysistest.target_actions(env):
        if not action.mnemonic.startswith("Go3s"):
            continue
        asserts.true(env, action.mnemonic in ctx.attr.mnemonics, "{} is not expected".format(action.mnemonic))
        for word in action.argv:
            asserts.false(env, word.startswith("/"), "{}: absolute path {}".format(action.mnemonic, word))
        for file in action.inputs.to_list():
            asserts.false(
                env,
                file.basename in ("gcc", "clang", "cc", "cc_wrapper.sh"),
                "{} has the C compiler {} among its inputs".format(action.mnemonic, file.path),
            )
        for name in action.env:
            asserts.true(env, name in ("GOOS", "GOARCH", "GOROOT"), "{}: environment has {}".format(action.mnemonic, name))
    return analysistest.end(env)

actions_test = analysistest.make(
    _actions_test_impl,
    doc = "Passes when the Go3s actions of a target use no absolute path, no C compiler and no host environment.",
    attrs = {
        "mnemonics": attr.string_list(mandatory = True),
    },
)

def _packed_outputs_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    for group, files in ctx.attr.groups.items():
        asserts.equals(env, files, [file.basename for file in target[OutputGroupInfo][group].to_list()])
    for variant in target[Go3sBinaryInfo].variants:
        name = variant.executable.basename
        asserts.equals(env, name + ".unpacked", variant.unpacked.basename)
        asserts.equals(env, name + ".symbols", variant.symbols.basename)
        asserts.equals(env, name + ".linkcheck.json", variant.report.basename)
    asserts.equals(env, 1, len(target[OutputGroupInfo]._validation.to_list()))
    return analysistest.end(env)

packed_outputs_test = analysistest.make(
    _packed_outputs_test_impl,
    doc = "Compares the output groups of a packed target with external tracebacks with what is wanted.",
    attrs = {
        "groups": attr.string_list_dict(mandatory = True),
    },
)

def _groups_test_impl(ctx):
    env = analysistest.begin(ctx)
    groups = analysistest.target_under_test(env)[OutputGroupInfo]
    for group, files in ctx.attr.groups.items():
        asserts.equals(env, files, [file.basename for file in groups[group].to_list()])
    return analysistest.end(env)

groups_test = analysistest.make(
    _groups_test_impl,
    doc = "Compares output groups of a target with what is wanted.",
    attrs = {
        "groups": attr.string_list_dict(mandatory = True),
    },
)

def _flags_test_impl(ctx):
    env = analysistest.begin(ctx)
    for mnemonic, flags in ctx.attr.flags.items():
        found = [action.argv for action in analysistest.target_actions(env) if action.mnemonic == mnemonic]
        asserts.true(env, found, "no action {}".format(mnemonic))
        asserts.true(
            env,
            [argv for argv in found if not [flag for flag in flags if flag not in argv]],
            "no action {} has all arguments {}; found {}".format(mnemonic, flags, found),
        )
    return analysistest.end(env)

flags_test = analysistest.make(
    _flags_test_impl,
    doc = "Passes when for each mnemonic some action of the target has all the arguments.",
    attrs = {
        "flags": attr.string_list_dict(mandatory = True),
    },
)

def _inputs_test_impl(ctx):
    env = analysistest.begin(ctx)
    for mnemonic, names in ctx.attr.inputs.items():
        found = [action.inputs.to_list() for action in analysistest.target_actions(env) if action.mnemonic == mnemonic]
        inputs = [sorted([file.basename for file in files]) for files in found]
        asserts.true(env, names in inputs, "no action {} has the inputs {} and no others; found {}".format(mnemonic, names, inputs))
    return analysistest.end(env)

inputs_test = analysistest.make(
    _inputs_test_impl,
    doc = "Passes when for each mnemonic some action of the target has inputs with these names, sorted, and no others.",
    attrs = {
        "inputs": attr.string_list_dict(mandatory = True),
    },
)

AttributesInfo = provider(
    doc = "Attributes of a target.",
    fields = {"hints": "list of Label: aspect_hints."},
)

def _attributes_aspect_impl(_target, ctx):
    return [AttributesInfo(hints = [hint.label for hint in ctx.rule.attr.aspect_hints])]

_attributes_aspect = aspect(implementation = _attributes_aspect_impl)

def _hints_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, [Label(ctx.attr.hint)], analysistest.target_under_test(env)[AttributesInfo].hints)
    return analysistest.end(env)

hints_test = analysistest.make(
    _hints_test_impl,
    doc = "Passes when a target has one aspect hint, this one.",
    attrs = {
        "hint": attr.string(mandatory = True),
    },
    extra_target_under_test_aspects = [_attributes_aspect],
)

def _tool_test_impl(ctx):
    env = analysistest.begin(ctx)
    found = [
        action.argv[0].split("/")[-1]
        for action in analysistest.target_actions(env)
        if action.mnemonic == ctx.attr.mnemonic
    ]
    asserts.true(env, found, "no action {}".format(ctx.attr.mnemonic))
    for name in found:
        asserts.equals(env, ctx.attr.tool, name)
    return analysistest.end(env)

prebuilt_tool_test = analysistest.make(
    _tool_test_impl,
    doc = "Passes when a toolchain that a user registers replaces the one built from source.",
    attrs = {
        "mnemonic": attr.string(mandatory = True),
        "tool": attr.string(mandatory = True),
    },
    config_settings = {
        "//command_line_option:extra_toolchains": [str(Label("//tests/analysis:prebuilt_elfstrip_toolchain"))],
    },
)

def _external_link_test_impl(ctx):
    env = analysistest.begin(ctx)
    found = False
    for action in analysistest.target_actions(env):
        if action.mnemonic == "Go3sLink":
            names = [file.basename for file in action.inputs.to_list()]
            for name in ctx.attr.inputs:
                asserts.true(env, name in names, "{} is not among the inputs".format(name))
            if "--external-linker" in action.argv:
                found = True
                for flag in ctx.attr.flags:
                    asserts.true(env, flag in action.argv, "{} is not among the arguments".format(flag))
    asserts.true(env, found, "no action names an external linker")
    return analysistest.end(env)

external_link_test = analysistest.make(
    _external_link_test_impl,
    doc = "Compares a link by the toolchain :some_linker with what is wanted.",
    attrs = {
        "flags": attr.string_list(mandatory = True),
        "inputs": attr.string_list(mandatory = True),
    },
    config_settings = {
        "//command_line_option:extra_toolchains": [str(Label("//tests/analysis:some_linker"))],
    },
)

def _makers_test_impl(ctx):
    env = analysistest.begin(ctx)
    makers = {}
    for action in analysistest.target_actions(env):
        for file in action.outputs.to_list():
            makers[file] = action.mnemonic
    variants = analysistest.target_under_test(env)[Go3sBinaryInfo].variants
    asserts.equals(env, ctx.attr.makers, {variant.goarch: makers[variant.executable] for variant in variants})
    return analysistest.end(env)

def _make_makers_test(elsewhere):
    return analysistest.make(
        _makers_test_impl,
        doc = "Compares the mnemonics of the actions that make the executables with what is wanted.",
        attrs = {
            "makers": attr.string_dict(mandatory = True),
        },
        config_settings = {
            "//command_line_option:extra_execution_platforms": [
                str(Label("@platforms//host")),
                str(Label("//tests/analysis:elsewhere")),
            ],
            "//command_line_option:extra_toolchains": [str(Label("//tests/analysis:linker_elsewhere"))],
        } if elsewhere else {},
    )

makers_test = _make_makers_test(elsewhere = False)
elsewhere_makers_test = _make_makers_test(elsewhere = True)
