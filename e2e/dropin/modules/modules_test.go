package main

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestBuildInfo: `go version -m` names the modules as it does in what the go command builds, sums apart.
func TestBuildInfo(t *testing.T) {
	info, err := buildinfo.ReadFile(filepath.Join("..", os.Getenv("BBOLT")))
	if err != nil {
		t.Fatal(err)
	}
	if info.Path != "go.etcd.io/bbolt/cmd/bbolt" || info.Main.Path != "go.etcd.io/bbolt" || info.Main.Version != "v1.4.3" {
		t.Errorf("package %s of module %s %s, want go.etcd.io/bbolt/cmd/bbolt of go.etcd.io/bbolt v1.4.3", info.Path, info.Main.Path, info.Main.Version)
	}
	var deps []string
	for _, m := range info.Deps {
		deps = append(deps, m.Path)
	}
	if !slices.Contains(deps, "github.com/spf13/cobra") || slices.Contains(deps, info.Main.Path) {
		t.Errorf("modules %q, want github.com/spf13/cobra among them, and not the main module", deps)
	}
}
