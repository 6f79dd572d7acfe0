"""Bazel 7's own ProtoInfo, under a name that does not hide it."""

NativeProtoInfo = ProtoInfo  # buildifier: disable=native-proto-info
