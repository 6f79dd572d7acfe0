"""linkcheck_test: checks ELF executables of any origin."""

load("//rules/private:linkcheck_test.bzl", _linkcheck_test = "linkcheck_test")

linkcheck_test = _linkcheck_test
