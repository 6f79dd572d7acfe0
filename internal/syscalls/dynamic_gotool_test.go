package syscalls

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
)

// TestDynamic: numbers that only the whole program tells are found, and those that nothing
// tells are reported with the function that uses them.
func TestDynamic(t *testing.T) {
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		t.Run(goarch, func(t *testing.T) {
			exe := filepath.Join(t.TempDir(), "dynamic")
			gotool.Output(t, "testdata/dynamic", goarch, "build", "-o", exe, ".")
			r := analyze(t, exe)
			for name, function := range map[string]string{
				"getppid": "main.variable", "getgid": "main.either", "getegid": "main.either", "sync": "main.main",
			} {
				i := slices.IndexFunc(r.Calls, func(c Call) bool { return c.Name == name })
				if i < 0 {
					t.Errorf("%s is not listed", name)
					continue
				}
				if s := r.Calls[i].Sites[0]; s.Function != function || s.Chain[0] != "main.main" {
					t.Errorf("%s comes from %+v, want %s", name, s, function)
				}
			}
			checkDynamic(t, r, map[string]string{
				"main.written":  "is in main.writtenNumber, which the program may write",
				"main.computed": "computed",
				"main.main":     "makes a function value of main.valued",
				"main.valued":   "data holds the address",
			})
			if _, err := r.Seccomp(nil, StarterAny); err == nil || !strings.Contains(err.Error(), "main.") {
				t.Errorf("a profile of a program with dynamic sites: %v, want an error that names one", err)
			}
			a, err := ParseAllowed("getuid\ndynamic main.written\ndynamic main.computed\ndynamic main.main\ndynamic main.valued\n")
			if err != nil {
				t.Fatal(err)
			}
			p, err := r.Seccomp(a, StarterAny)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Syscalls[0].Names; !slices.Contains(got, "getuid") || !slices.Contains(got, "getppid") {
				t.Errorf("the profile with a list allows %v, want also getuid and getppid", got)
			}

			// Without symbols nobody can tell that a variable is never written.
			elfstrip(t, exe)
			checkDynamic(t, analyze(t, exe), map[string]string{
				"main.written":  "without a symbol table",
				"main.variable": "without a symbol table",
				"main.computed": "computed",
				"main.main":     "makes a function value of main.valued",
				"main.valued":   "data holds the address",
			})
		})
	}
}

func elfstrip(t *testing.T, exe string) {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "elfstrip")
	gotool.Output(t, "", runtime.GOARCH, "build", "-o", tool, "github.com/go3s/rules_go3s/tools/elfstrip")
	if out, err := exec.Command(tool, exe).CombinedOutput(); err != nil {
		t.Fatalf("elfstrip: %v\n%s", err, out)
	}
}

func checkDynamic(t *testing.T, r *Report, want map[string]string) {
	t.Helper()
	seen := map[string]bool{}
	for _, d := range r.Dynamic {
		seen[d.Function] = true
		if reason, ok := want[d.Function]; !ok || !strings.Contains(d.Reason, reason) {
			t.Errorf("dynamic site in %s: %s; want %q", d.Function, d.Reason, reason)
		}
	}
	for function := range want {
		if !seen[function] {
			t.Errorf("no dynamic site in %s", function)
		}
	}
}
