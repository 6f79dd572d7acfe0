// Package outputs tests the files that Bazel builds; run it by `bazel test`.
package outputs

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

var machines = map[elf.Machine]string{
	elf.EM_X86_64:  "amd64",
	elf.EM_AARCH64: "arm64",
	elf.EM_RISCV:   "riscv64",
}

func TestOutputs(t *testing.T) {
	for _, test := range []struct {
		env   string
		names []string
		runs  bool // on whatever machine the test runs
	}{
		{"GREET", []string{"greet_linux_amd64", "greet_linux_arm64", "greet_linux_riscv64"}, true},
		{"GREET_NOLIBC", []string{"greet_nolibc_linux_amd64", "greet_nolibc_linux_arm64", "greet_nolibc_linux_riscv64"}, true},
		{"GREET_ARM64", []string{"greet_linux_arm64"}, false},
		{"GREET_HERE", []string{"greet_here"}, true},
	} {
		t.Run(test.env, func(t *testing.T) {
			var names []string
			ran := false
			for _, path := range strings.Fields(os.Getenv(test.env)) {
				name := filepath.Base(path)
				names = append(names, name)
				arch := goarch(t, path)
				if strings.Contains(name, "_linux_") && !strings.HasSuffix(name, "_linux_"+arch) {
					t.Errorf("%s is for %s", name, arch)
				}
				if arch == runtime.GOARCH {
					run(t, path)
					ran = true
				}
			}
			if slices.Sort(names); !slices.Equal(names, test.names) {
				t.Errorf("built %q, want %q", names, test.names)
			}
			if test.runs && !ran {
				t.Errorf("none of %q is for this machine, %s", names, runtime.GOARCH)
			}
		})
	}
}

// The program with a frozen FIPS 140-3 module has it, whatever rules_go and Go build it.
func TestFIPS(t *testing.T) {
	path, err := filepath.Abs(os.Getenv("SECRET"))
	if err != nil {
		t.Fatal(err)
	}
	if arch := goarch(t, path); arch != runtime.GOARCH {
		t.Fatalf("%s is for %s", path, arch)
	}
	out, err := exec.Command(path).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "module v1.0.0, enabled true, ") {
		t.Errorf("%v: %s", err, out)
	}
}

// goarch returns the GOARCH of a static ELF executable.
func goarch(t *testing.T, path string) string {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
			t.Errorf("%s has a %v: it is not static", path, segment.Type)
		}
	}
	return machines[file.Machine]
}

func run(t *testing.T, path string) {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	const want = "greetings to www.example.com, 2ed6657d-e927-568b-95e1-2665a8aea6a2 from " + runtime.GOARCH + "\n"
	if got, err := exec.Command(path).CombinedOutput(); err != nil || string(got) != want {
		t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
	}
}
