"""Stub: Bazel 7's own ProtoInfo."""

load(":native.bzl", "NativeProtoInfo")

ProtoInfo = NativeProtoInfo
