// Package gotool lets tests use the Go command and start programs of other
// machines. Only *_gotool_test.go files import it.
package gotool

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/machine"
)

// Command returns the command "go args…", for linux/goarch without cgo, with
// GOFLAGS cleared. The test fails when there is no go command.
func Command(t testing.TB, goarch string, args ...string) *exec.Cmd {
	t.Helper()
	name := os.Getenv("GO")
	if name == "" {
		name = "go"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs the go command: put it on PATH or name it in the environment variable GO: %v", err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOTOOLCHAIN=local")
	return cmd
}

// Output runs "go args…" as Command does, in directory dir, and returns its
// standard output without surrounding space. The test fails when it fails.
func Output(t testing.TB, dir, goarch string, args ...string) string {
	t.Helper()
	cmd := Command(t, goarch, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// Assemble assembles source in directory dir, where its includes are, for goarch
// and returns the object file.
func Assemble(t testing.TB, dir, goarch, source string) []byte {
	t.Helper()
	o := filepath.Join(t.TempDir(), "asm.o")
	include := filepath.Join(Output(t, "", goarch, "env", "GOROOT"), "pkg", "include")
	Output(t, dir, goarch, "tool", "asm", "-p", "entry", "-I", include, "-I", ".", "-o", o, source)
	data, err := os.ReadFile(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Run returns a command that starts program, a Linux executable for goarch:
// directly, or by the user-mode emulator qemu-<machine>-static or qemu-<machine>.
// That is looked for in the directory of environment variable RULES_GO3S_QEMU_DIR, where
// it must be, or without the variable on PATH; if it is not there either, the test is
// skipped, saying so.
func Run(t testing.TB, goarch, program string, args ...string) *exec.Cmd {
	t.Helper()
	if goarch == runtime.GOARCH && runtime.GOOS == "linux" {
		return exec.Command(program, args...)
	}
	dir, required := os.LookupEnv("RULES_GO3S_QEMU_DIR")
	for _, suffix := range []string{"-static", ""} {
		name := strings.TrimSuffix(machine.Of(goarch).Qemu(), "-static") + suffix
		if required {
			name = filepath.Join(dir, name)
		}
		if path, err := exec.LookPath(name); err == nil {
			return exec.Command(path, append([]string{program}, args...)...)
		}
	}
	if required {
		t.Fatalf("RULES_GO3S_QEMU_DIR=%s: no user-mode emulator for %s there: install qemu-user-static, or correct the variable", dir, goarch)
	}
	t.Skipf("not started: no user-mode emulator for %s on PATH, and RULES_GO3S_QEMU_DIR is not set", goarch)
	return nil
}
