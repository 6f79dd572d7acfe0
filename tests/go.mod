// What is below is built and run by Bazel alone; this file keeps it out of `go test ./...` above.
module github.com/go3s/rules_go3s/tests

go 1.26.0
