"""Analysis tests of what the rules refuse, and in which words."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "go_static_binary")

def _refusal_test_impl(ctx):
    env = analysistest.begin(ctx)
    for words in ctx.attr.words:
        asserts.expect_failure(env, words)
    return analysistest.end(env)

refusal_test = analysistest.make(
    _refusal_test_impl,
    expect_failure = True,
    doc = "Passes when the analysis of the target fails with all the words.",
    attrs = {
        "words": attr.string_list(mandatory = True),
    },
)

external_refusal_test = analysistest.make(
    _refusal_test_impl,
    expect_failure = True,
    doc = "As refusal_test, with the toolchain :some_linker.",
    attrs = {
        "words": attr.string_list(mandatory = True),
    },
    config_settings = {
        "//command_line_option:extra_toolchains": [str(Label("//tests/analysis:some_linker"))],
    },
)

def refused(name, rule, words, part = "", test = refusal_test, **attributes):
    """Declares a target that the analysis refuses, and the test `<name>_test` of that.

    Args:
      name: name of the target.
      rule: rule or macro of the target.
      words: what the message must hold.
      part: string: suffix of the target that refuses, `.link` or none.
      test: refusal_test or external_refusal_test.
      **attributes: of the target.
    """
    rule(
        name = name,
        tags = ["manual"],
        **attributes
    )
    test(
        name = name + "_test",
        target_under_test = ":" + name + part,
        words = words,
    )

def refused_binary(name, words, **attributes):
    """Declares a go_static_binary that the analysis refuses with its label, as refused does.

    Args:
      name: name of the go_static_binary.
      words: what the message must hold besides the label.
      **attributes: of refused.
    """
    refused(
        name = name,
        srcs = ["testdata/main.go"],
        rule = go_static_binary,
        words = ["//{}:{}: ".format(native.package_name(), name)] + words,
        **attributes
    )
