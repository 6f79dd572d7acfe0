//go:build linux

package main

import (
	"debug/buildinfo"
	"fmt"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
	"github.com/go3s/rules_go3s/examples/platform"
)

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{}) }

// TestHello compares what the program says of itself with what its file says of it.
func TestHello(t *testing.T) {
	program := progtest.Under()
	goarch, err := platform.GOARCH(program.Path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(program.Path)
	if err != nil {
		t.Fatalf("`go version -m` would fail: %v", err)
	}
	result := progtest.Run(t, program.Command())
	want := fmt.Sprintf("hello from linux/%s, built by %s\n", goarch, info.GoVersion)
	if result.Code != 0 || result.Stdout != want || result.Stderr != "" {
		t.Errorf("got %+v, want %q", result, want)
	}
}
