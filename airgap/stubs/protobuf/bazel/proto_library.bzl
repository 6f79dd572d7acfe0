"""Stub: Bazel 7's own proto_library, which needs no protobuf sources to be loaded."""

proto_library = native.proto_library
