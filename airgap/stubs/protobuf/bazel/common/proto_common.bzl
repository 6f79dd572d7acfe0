"""Stub: Bazel 7's own proto_common."""

proto_common = proto_common_do_not_use
