// Package coverage is linked into programs that `bazel coverage` builds. rules_go collects their coverage by itself, in
// COVERAGE_DIR; Go's runtime, which does not know that, warns on standard error that GOCOVERDIR is not set, and tests
// that compare what a program prints fail. The runtime looks for the variable before package main is initialized, so main
// itself cannot set it.
package coverage

import "os"

// variable names the folder that the runtime writes coverage to.
const variable = "GOCOVERDIR"

func init() {
	if os.Getenv("COVERAGE_DIR") == "" || os.Getenv(variable) != "" {
		return
	}
	// Without a folder the runtime's warning is the right thing to see.
	if dir, err := os.MkdirTemp(os.Getenv("TEST_TMPDIR"), "unused_coverage"); err == nil {
		os.Setenv(variable, dir)
	}
}
