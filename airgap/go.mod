module github.com/go3s/rules_go3s/airgap

go 1.26

require github.com/bazelbuild/buildtools v0.0.0-20260904073137-eaa4d125b423
