//go:build boottest

package boot

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/boot/initramfs"
	"github.com/go3s/rules_go3s/internal/boot/vm"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// directory returns what provision.sh has made.
func directory(t *testing.T) string {
	t.Helper()
	dir := os.Getenv(vm.Environment)
	if dir == "" {
		t.Fatalf("%s is not set: start this test by e2e/boot/run.sh", vm.Environment)
	}
	return dir
}

// program builds a package of this module and returns it as a file of an initramfs.
func program(t *testing.T, goarch, path, pkg string) initramfs.File {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	gotool.Output(t, "../..", goarch, "build", "-trimpath", "-o", out, pkg)
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return initramfs.File{Path: path, Mode: 0o755, Data: data}
}

// direct starts the kernel of an architecture with the files as its initramfs, and returns what it printed.
func direct(t *testing.T, goarch, commandLine string, files ...initramfs.File) string {
	t.Helper()
	archive, err := initramfs.Build(files)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "initramfs")
	if err := os.WriteFile(file, archive, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Minute)
	defer cancel()
	output, err := vm.NewTools(directory(t)).Run(ctx, vm.Machine{
		Arch: goarch, Kernel: filepath.Join(directory(t), "kernel-"+goarch), Initramfs: file,
		CommandLine: vm.Console(goarch) + " quiet panic=-1 " + commandLine,
	}, t.Output(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// TestInit boots examples/init as process 1 of three machines: it starts a program, reports how that ended, and turns the machine off.
func TestInit(t *testing.T) {
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		t.Run(goarch, func(t *testing.T) {
			output := direct(t, goarch, "-- /bin/hello", program(t, goarch, "/init", "./examples/init"),
				program(t, goarch, "/bin/hello", "./examples/hello"))
			for _, want := range []string{
				"hello from linux/" + goarch + ", ",
				"init: /bin/hello exited with status 0\n",
				"reboot: Power down",
			} {
				if !strings.Contains(output, want) {
					t.Errorf("no %q in what it printed:\n%s", want, output)
				}
			}
		})
	}
}
