package main

import (
	"crypto/fips140"
	"os"
	"testing"
)

// TestRun runs the program's own function, with the module that the environment variable names: go_platform_test has `fips`, too.
func TestRun(t *testing.T) {
	if want := os.Getenv("FIPS_MODULE"); want != "" && (fips140.Version() != want || !fips140.Enabled()) {
		t.Errorf("module %s, enabled %t; want %s", fips140.Version(), fips140.Enabled(), want)
	}
	if err := run(); err != nil {
		t.Error(err)
	}
}
