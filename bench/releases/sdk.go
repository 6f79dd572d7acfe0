package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/internal/machine"
)

// sdk returns the GOROOT of a release. If it is neither the one of the go command on PATH nor in the module cache, it is
// downloaded into dir.
func sdk(release, dir string) (string, error) {
	local, err := build.Go("", "", "env", "GOVERSION", "GOMODCACHE")
	if err != nil {
		return "", err
	}
	version, cache, _ := strings.Cut(strings.TrimSpace(string(local)), "\n")
	cmd := exec.Command("go", "env", "GOVERSION", "GOROOT")
	cmd.Dir = dir // in no module: the go command would take the module's toolchain, if that is newer
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=go"+release, "GOWORK=off")
	cached := filepath.Join(cache, fmt.Sprintf("golang.org/toolchain@v0.0.1-go%s.linux-%s", release, runtime.GOARCH))
	if _, err := os.Stat(cached); err != nil && version != "go"+release {
		// A cache of its own is removed with all that the go command wrote there.
		cmd.Env = append(cmd.Env, "GOMODCACHE="+filepath.Join(dir, "sdk"), "GOFLAGS=-modcacherw")
	}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("GOTOOLCHAIN=go%s go env: %w", release, err)
	}
	got, goroot, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if got != "go"+release {
		return "", fmt.Errorf("GOTOOLCHAIN=go%s go env GOVERSION: found %s", release, got)
	}
	return goroot, nil
}

// emulator returns the path of the user-mode emulator for programs of arch, "" where the machine runs them.
func emulator(arch string) (string, error) {
	if arch == runtime.GOARCH {
		return "", nil
	}
	m := machine.Of(arch)
	if m == nil {
		return "", fmt.Errorf("-platforms: %q: want amd64, arm64 or riscv64", arch)
	}
	name := m.Qemu()
	path, err := exec.LookPath(filepath.Join(os.Getenv("RULES_GO3S_QEMU_DIR"), name))
	if err != nil {
		return "", fmt.Errorf("programs for %s: %w: install qemu-user-static, or name its directory in RULES_GO3S_QEMU_DIR", arch, err)
	}
	return path, nil
}
