"""Checks of whole trees: an aspect for the command line, and a rule that makes one report of many.

```
bazel build //... --aspects=@rules_go3s//rules:linkcheck.bzl%linkcheck_aspect
```

checks every executable that a `go_binary` or a rule of this module builds. Those of this module are judged
as their own rule says; a `go_binary` by the policy file of the flag `@rules_go3s//rules:linkcheck_policy`, which stands for
the profile `static` unless it is set. A finding that is an error fails the build, and
`--output_groups=+linkcheck_report` keeps the reports.
"""

load("//rules/private:linkcheck_aspect.bzl", _linkcheck_aspect = "linkcheck_aspect")
load("//rules/private:linkcheck_report.bzl", _linkcheck_report = "linkcheck_report")

linkcheck_aspect = _linkcheck_aspect
linkcheck_report = _linkcheck_report
