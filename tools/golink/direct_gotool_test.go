package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
)

// TestDirect links a program by "golink direct" and starts it.
func TestDirect(t *testing.T) {
	dir := t.TempDir()
	const format = "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}"
	list := gotool.Output(t, filepath.Join("testdata", "hello"), "amd64", "list", "-export", "-deps", "-f", format, ".")
	lines := strings.Split(list, "\n")
	main := lines[len(lines)-1] // dependencies come before
	cfg, out := filepath.Join(dir, "importcfg"), filepath.Join(dir, "hello")
	if err := os.WriteFile(cfg, []byte(strings.Join(lines[:len(lines)-1], "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, archive, _ := strings.Cut(main, "=")
	if err := run([]string{"direct", "-importcfg", cfg, "-X=main.version=1.2", "-s", "-w", "-o", out, archive}); err != nil {
		t.Fatal(err)
	}
	got, err := gotool.Run(t, "amd64", out, "x").Output()
	if want := "hello 1.2 [x] \n"; err != nil || string(got) != want {
		t.Errorf("it prints %q, error %v, want %q", got, err, want)
	}
}
