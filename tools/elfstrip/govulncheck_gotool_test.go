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
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

// govulncheck is the release that reads our files in TestGovulncheck.
const govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.1.4"

// TestGovulncheck: govulncheck finds the same functions in a program that golink linked as in the one that go build makes, also after
// its tables were made smaller. It reads more of them than the runtime does.
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
				PkgSymbols []struct{ Pkg, Name string } `json:"pkgSymbols"`
			}
			if err := decoder.Decode(&blob); err != nil {
				t.Fatalf("%v: %v", cmd, err)
			}
			for _, s := range blob.PkgSymbols {
				if s.Pkg != "" { // entry points have none: golink has other ones, and no vulnerability is in a function without package
					symbols = append(symbols, s.Pkg+"."+s.Name)
				}
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
	program := linktest.Compile(t, "amd64", "testdata/hello", true)
	exe, pie := filepath.Join(dir, "exe"), filepath.Join(dir, "pie")
	program.Link(t, cmdlink.ModeExe, exe)
	program.Link(t, cmdlink.ModeStaticPIE, pie)
	check := func(file string) {
		t.Helper()
		got := symbols(file)
		for _, s := range want {
			if !slices.Contains(got, s) {
				t.Errorf("%s: govulncheck does not find %s, which is in the program that go build made", filepath.Base(file), s)
			}
		}
		for _, s := range got {
			if !slices.Contains(want, s) {
				t.Errorf("%s: govulncheck finds %s, which is not in the program that go build made", filepath.Base(file), s)
			}
		}
	}
	for _, file := range []string{in, exe, pie} {
		check(file)
		for _, tier := range []string{"full", "functions"} {
			out := file + "." + tier
			elfstrip(t, exitOK, "", "-s", "--traceback="+tier, "-o", out, file)
			check(out)
		}
	}
}
