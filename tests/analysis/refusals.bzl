"""Analysis tests of what the rules refuse, and in which words."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")

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
