"""go_signed_binary: signs what another rule of this module builds."""

load("//rules/private:signed.bzl", _go_signed_binary = "go_signed_binary")

go_signed_binary = _go_signed_binary
