package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

// An SDK that changed what reads the tables makes no smaller tables, but the ones without loss.
func TestSDKVerdict(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "hello")
	gotool.Output(t, ".", "amd64", "build", "-o", in, "testdata/hello/hello.go")
	goroot := gotool.Output(t, ".", "amd64", "env", "GOROOT")
	sdk, err := sdkcheck.Open(goroot, "")
	if err != nil {
		t.Fatal(err)
	}
	verdict, err := sdkcheck.Check(sdk)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string) string {
		data, err := verdict.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return "--sdk-verdict=" + path
	}
	agrees := file("agrees")
	verdict.Readers = sdkcheck.Group{Status: sdkcheck.Differ,
		Differences: []sdkcheck.Difference{{File: "runtime/traceback.go", Declaration: "func (*unwinder).next", Change: "changed"}}}
	readers := file("readers")
	verdict.Formats = verdict.Readers
	formats := file("formats")
	const message = "runtime/traceback.go: func (*unwinder).next (changed)"
	for _, tt := range []struct {
		code          int
		message, tier string
		flags         []string
	}{
		{exitOK, "", "functions", []string{agrees}},
		{exitOK, "", "full", []string{readers}},
		{exitFailed, message, "functions", []string{readers}},
		{exitOK, "elfstrip: warning: " + in, "functions", []string{readers, "--unverified-go=warn"}},
		{exitFailed, message, "full", []string{formats}},
		{exitFailed, "no such file", "full", []string{"--sdk-verdict=" + filepath.Join(dir, "none")}},
	} {
		out := filepath.Join(t.TempDir(), "out")
		elfstrip(t, tt.code, tt.message, append(tt.flags, "--strip-all", "--traceback="+tt.tier, "-o", out, in)...)
		if _, err := os.Stat(out); (err == nil) != (tt.code == exitOK) {
			t.Errorf("%v: output: %v", tt, err)
		}
	}
}
