package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
)

// govulncheck is the release that reads our files in TestGovulncheck.
const govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.1.4"

// TestGovulncheck: govulncheck finds the same functions in a program after its tables were made smaller. It reads more of
// them than the runtime does.
func TestGovulncheck(t *testing.T) {
	dir := t.TempDir()
	install := exec.Command("go", "install", govulncheck)
	install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", install, err, out)
	}
	symbols := func(file string) []string {
		t.Helper()
		cmd := exec.Command(filepath.Join(dir, "govulncheck"), "-mode=extract", file)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, err.(*exec.ExitError).Stderr)
		}
		var symbols []string
		for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
			var blob struct {
				PkgSymbols []json.RawMessage `json:"pkgSymbols"`
			}
			if err := decoder.Decode(&blob); err != nil {
				t.Fatalf("%v: %v", cmd, err)
			}
			for _, s := range blob.PkgSymbols {
				symbols = append(symbols, string(s))
			}
		}
		return symbols
	}
	in := filepath.Join(dir, "hello")
	gotool.Output(t, ".", "amd64", "build", "-o", in, "testdata/hello/hello.go")
	want := symbols(in)
	if len(want) < 500 {
		t.Fatalf("govulncheck finds %d functions, want at least 500", len(want))
	}
	for _, tier := range []string{"full", "functions"} {
		out := filepath.Join(dir, tier)
		elfstrip(t, exitOK, "", "-s", "--traceback="+tier, "-o", out, in)
		if got := symbols(out); !slices.Equal(got, want) {
			t.Errorf("--traceback=%s: govulncheck finds %d functions, want the %d of the program before", tier, len(got), len(want))
		}
	}
}
