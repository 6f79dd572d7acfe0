"""boot_test: starts a virtual machine and judges what it prints."""

load("//rules/private:boot_test.bzl", _boot_test = "boot_test")

boot_test = _boot_test
