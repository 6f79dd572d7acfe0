"""The public rules and providers of rules_go3s."""

load("//rules:boot_test.bzl", _boot_test = "boot_test")
load("//rules:go_asm_binary.bzl", _go_asm_binary = "go_asm_binary")
load("//rules:go_ca_roots.bzl", _go_ca_roots = "go_ca_roots")
load("//rules:go_nolibc_binary.bzl", _go_nolibc_binary = "go_nolibc_binary")
load("//rules:go_pie_binary.bzl", _go_pie_binary = "go_pie_binary")
load("//rules:go_platform_test.bzl", _go_platform_test = "go_platform_test")
load("//rules:go_release.bzl", _go_release = "go_release", _go_release_test = "go_release_test")
load("//rules:go_sections.bzl", _go_sections = "go_sections")
load("//rules:go_signed_binary.bzl", _go_signed_binary = "go_signed_binary")
load("//rules:go_static_binary.bzl", _go_static_binary = "go_static_binary")
load("//rules:initramfs.bzl", _initramfs = "initramfs")
load("//rules:linkcheck.bzl", _linkcheck_aspect = "linkcheck_aspect", _linkcheck_report = "linkcheck_report")
load("//rules:linkcheck_test.bzl", _linkcheck_test = "linkcheck_test")
load("//rules:providers.bzl", _Go3sBinaryInfo = "Go3sBinaryInfo", _Go3sInitramfsInfo = "Go3sInitramfsInfo", _Go3sReleaseInfo = "Go3sReleaseInfo", _Go3sUkiInfo = "Go3sUkiInfo", _Go3sVariantInfo = "Go3sVariantInfo", _LinkcheckReportsInfo = "LinkcheckReportsInfo")
load("//rules:size_test.bzl", _size_test = "size_test")
load("//rules:uki_image.bzl", _uki_image = "uki_image")

Go3sBinaryInfo = _Go3sBinaryInfo
Go3sInitramfsInfo = _Go3sInitramfsInfo
Go3sReleaseInfo = _Go3sReleaseInfo
Go3sUkiInfo = _Go3sUkiInfo
Go3sVariantInfo = _Go3sVariantInfo
LinkcheckReportsInfo = _LinkcheckReportsInfo
boot_test = _boot_test
go_asm_binary = _go_asm_binary
go_ca_roots = _go_ca_roots
go_nolibc_binary = _go_nolibc_binary
go_pie_binary = _go_pie_binary
go_platform_test = _go_platform_test
go_release = _go_release
go_release_test = _go_release_test
go_sections = _go_sections
go_signed_binary = _go_signed_binary
go_static_binary = _go_static_binary
initramfs = _initramfs
linkcheck_aspect = _linkcheck_aspect
linkcheck_report = _linkcheck_report
linkcheck_test = _linkcheck_test
size_test = _size_test
uki_image = _uki_image
