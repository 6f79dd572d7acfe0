"""initramfs: the first file system of Linux, with programs that other rules of this module build."""

load("//rules/private:initramfs.bzl", _initramfs = "initramfs")

initramfs = _initramfs
