"""uki_image: kernel, initramfs and command line as one UEFI program, which one signature covers."""

load("//rules/private:uki.bzl", _uki_image = "uki_image")

uki_image = _uki_image
