package godebug

import (
	"debug/buildinfo"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// sdks returns, by GOROOT, the version of each SDK at hand: that of the go command, and those in the module cache of series that
// golink links.
func sdks(t *testing.T) map[string]string {
	roots := []string{gotool.Output(t, ".", "amd64", "env", "GOROOT")}
	more, err := filepath.Glob(filepath.Join(gotool.Output(t, ".", "amd64", "env", "GOMODCACHE"), "golang.org", "toolchain@v0.0.1-go*.linux-*"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, root := range append(roots, more...) {
		text, err := os.ReadFile(filepath.Join(root, "VERSION"))
		if err != nil {
			t.Fatal(err)
		}
		release, _, _ := strings.Cut(string(text), "\n")
		// A toolchain that was downloaded and never used has no permission to run: the go command gives it.
		if info, err := os.Stat(filepath.Join(root, "bin", "go")); err != nil || info.Mode()&0o100 == 0 {
			continue
		}
		if _, _, err := goabi.Linked(release, goabi.Refuse); err == nil {
			out[root] = release
		}
	}
	if len(out) == 0 {
		t.Fatalf("none of %q is of a series that golink links", roots)
	}
	return out
}

// TestAsGoCommand compares what the go command of each SDK builds into a program, or refuses, with what we do.
func TestAsGoCommand(t *testing.T) {
	for root, release := range sdks(t) {
		series, err := goabi.For(release)
		if err != nil {
			t.Fatal(err)
		}
		table, err := ReadTable(root, series.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(table.settings) < 45 || len(table.runtime) < 25 || len(table.removed) == 0 {
			t.Errorf("%s: %d settings, %d of the runtime, %d removed", release, len(table.settings), len(table.runtime), len(table.removed))
		}
		for _, lines := range []string{
			"//go:debug panicnil=1\n//go:debug netdns=go\n",
			"//go:debug default=go1.21\n//go:debug httpmuxgo121=0\n",
			"//go:debug default=go1.20.3\n",
			"//go:debug default=go1.99\n",
			"//go:debug tls3des=1\n", // removed in go1.27
			"//go:debug tls3des=0\n",
			"//go:debug asynctimerchan=2\n",
			"//go:debug asynctimerchan=0\n",
			"//go:debug httpservecontentmaxranges=9\n", // since go1.26.9 and go1.27.2
			"//go:debug nosuchsetting=1\n",
			"//go:debug gctrace=1\n",
		} {
			compareWithGo(t, root, release, table, lines)
		}
	}
}

func compareWithGo(t *testing.T, root, release string, table *Table, lines string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(lines+"\npackage main\n\nfunc main() {}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	list, err := table.Directives(&build.Default, file)

	// As in our build, the defaults are those of the release itself unless a line says otherwise.
	module := filepath.Join(dir, "go.mod")
	if err := os.WriteFile(module, []byte("module m\n\ngo "+strings.TrimPrefix(release, "go")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(root, "bin", "go"), "build", "-o", "main")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOROOT="+root, "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0", "GOOS=linux")
	out, goErr := cmd.CombinedOutput()
	if (err != nil) != (goErr != nil) {
		t.Errorf("%s: %sgo build: %v %s\nwe: %v", release, lines, goErr, out, err)
	}
	if err != nil || goErr != nil {
		return
	}
	info, err := buildinfo.ReadFile(filepath.Join(dir, "main"))
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, s := range info.Settings {
		if s.Key == "DefaultGODEBUG" {
			want = s.Value
		}
	}
	if got := table.Default(list); got != want {
		t.Errorf("%s: %sgo build: %q\nwe:       %q", release, lines, want, got)
	}
}
