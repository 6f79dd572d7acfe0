package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/docs/schema"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

func TestSDKCheck(t *testing.T) {
	goroot := gotool.Output(t, ".", "amd64", "env", "GOROOT")
	release, err := sdkcheck.Version(goroot)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "verdict.json")
	for _, tt := range []struct {
		name           string
		args           []string
		status         int
		stdout, stderr string
	}{
		{"agrees", []string{goroot}, clean, "formats  agree ", ""},
		{"version given", []string{"--go-version", release, goroot}, clean, release + ", checked by the table of go1.", ""},
		{"unknown series", []string{"--go-version", "go1.28.1", goroot}, findings,
			"go1.28.1: there is no table of go1.28, only of go1.26, go1.27\nformats  unknown", ""},
		{"report only", []string{"--go-version", "go1.28.1", "--report-only", goroot}, clean, "readers  unknown", ""},
		{"older series", []string{"--go-version", "go1.25.3", goroot}, findings, "there is no table of go1.25", ""},
		{"json", []string{"--format", "json", "-o", out, goroot}, clean, "", ""},
		{"no directory", nil, unusable, "", "want the GOROOT of one Go SDK"},
		{"no SDK", []string{filepath.Dir(out)}, unusable, "", "VERSION"},
		{"format", []string{"--format", "sarif", goroot}, unusable, "", `want one of ["text" "json"]`},
	} {
		status, stdout, stderr := linkcheck(append([]string{"sdkcheck"}, tt.args...)...)
		if status != tt.status || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) ||
			(tt.stderr == "") != (stderr == "") {
			t.Errorf("%s: status %d, want %d; stdout\n%s\nstderr\n%s", tt.name, status, tt.status, stdout, stderr)
		}
	}
	v, err := sdkcheck.ReadVerdict(out)
	if err != nil || !v.OK() || v.Go != release {
		t.Errorf("%v, %v", v, err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate("sdkcheck.json", data); err != nil {
		t.Error(err)
	}
	if status, stdout, stderr := linkcheck("sdkdiff", goroot, goroot); status != clean || strings.Count(stdout, ": 0 differences") != 2 {
		t.Errorf("sdkdiff of one SDK: status %d\n%s%s", status, stdout, stderr)
	}
	if status, _, stderr := linkcheck("sdkdiff", goroot); status != unusable || !strings.Contains(stderr, "older and of the newer") {
		t.Errorf("sdkdiff: status %d\n%s", status, stderr)
	}
}
