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
	// A GOEXPERIMENT has the SDK's sources.
	experiment := filepath.Join(dir, "experiment")
	t.Setenv("GOEXPERIMENT", "nodwarf5")
	gotool.Output(t, ".", "amd64", "build", "-o", experiment, "testdata/hello/hello.go")
	const message = "runtime/traceback.go: func (*unwinder).next (changed)"
	for _, tt := range []struct {
		code          int
		message, tier string
		flags         []string
		in            string
	}{
		{exitFailed, "GOEXPERIMENT", "full", nil, experiment},
		{exitOK, "elfstrip: warning: " + experiment, "full", []string{"--unverified-go=warn"}, experiment},
		{exitOK, "", "functions", []string{agrees}, experiment},
		{exitFailed, message, "functions", []string{readers}, experiment},
		{exitOK, "", "functions", []string{agrees}, in},
		{exitOK, "", "full", []string{readers}, in},
		{exitFailed, message, "functions", []string{readers}, in},
		{exitOK, "elfstrip: warning: " + in, "functions", []string{readers, "--unverified-go=warn"}, in},
		{exitFailed, message, "full", []string{formats}, in},
		{exitFailed, "no such file", "full", []string{"--sdk-verdict=" + filepath.Join(dir, "none")}, in},
	} {
		out := filepath.Join(t.TempDir(), "out")
		elfstrip(t, tt.code, tt.message, append(tt.flags, "--strip-all", "--traceback="+tt.tier, "-o", out, tt.in)...)
		if _, err := os.Stat(out); (err == nil) != (tt.code == exitOK) {
			t.Errorf("%v: output: %v", tt, err)
		}
	}
}
