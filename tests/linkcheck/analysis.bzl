"""Analysis tests of linkcheck_aspect, and of what linkcheck_report and size_test refuse."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//rules:defs.bzl", "LinkcheckReportsInfo", "linkcheck_aspect")

def _aspect_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[LinkcheckReportsInfo]
    asserts.equals(env, sorted(ctx.attr.reports), sorted([file.basename for file in info.reports.to_list()]))
    validation = getattr(target[OutputGroupInfo], "_validation", depset()).to_list()
    for verdict in info.verdicts.to_list():
        asserts.true(env, verdict in validation, "{} is not in _validation".format(verdict.basename))
    asserts.equals(env, ctx.attr.verdicts, [file.basename for file in info.verdicts.to_list()])
    return analysistest.end(env)

aspect_test = analysistest.make(
    _aspect_test_impl,
    doc = "Compares the reports that the aspect collects with what is wanted.",
    attrs = {
        "reports": attr.string_list(),
        "verdicts": attr.string_list(doc = "One for each target."),
    },
    extra_target_under_test_aspects = [linkcheck_aspect],
)

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
