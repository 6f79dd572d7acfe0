package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// goSettings are the go command's settings on where modules come from. "go env -w" may have
// set them, which Bazel's repository rules would not see.
var goSettings = []string{"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOFLAGS"}

// startBazel replaces this program by Bazel. Options on the command line have the last
// word, then come ours, then the workspace's .bazelrc.
func (in *install) startBazel(ctx context.Context, args []string) error {
	rc, err := in.writeRC(ctx)
	if err != nil {
		return err
	}
	bazel := in.path("usr/bin/bazel")
	argv := append([]string{
		"bazel",
		"--nosystem_rc",
		"--bazelrc=" + rc,
		"--install_base=" + in.path("usr/share/bazel"),
		"--trust_install_base",
		"--server_javabase=" + in.path("usr/lib/jvm/default-java"),
		"--output_user_root=" + filepath.Join(in.home, "output"),
	}, args...)
	env := os.Environ()
	if os.Getenv("USER") == "" {
		// Bazel refuses to start for a user without a name, as containers often have.
		env = append(env, fmt.Sprintf("USER=uid%d", os.Getuid()))
	}
	if err := syscall.Exec(bazel, argv, env); err != nil {
		return fmt.Errorf("start %s: %w; remove %s and run again to provision anew", bazel, err, in.dir)
	}
	return nil
}

// writeRC writes the rc file for the workspace around the current directory, and
// returns its path. The name is a hash of the content: starts with the same content share a
// file, and no start changes a file that another one reads.
func (in *install) writeRC(ctx context.Context) (string, error) {
	var b strings.Builder
	fmt.Fprintln(&b, "# Written by airgap/rc.go; read after the workspace's .bazelrc.")
	if root := workspaceRoot(); root != "" {
		dirs, err := in.overrides(ctx, root)
		if err != nil {
			return "", err
		}
		for _, name := range slices.Sorted(maps.Keys(dirs)) {
			fmt.Fprintf(&b, "common --override_module=%s=%s\n", name, dirs[name])
		}
	}
	if err := in.commonOptions(ctx, &b); err != nil {
		return "", err
	}
	dir := filepath.Join(in.home, "rc")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(b.String()))
	file := filepath.Join(dir, fmt.Sprintf("%x.bazelrc", sum[:8]))
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	tmp, err := os.CreateTemp(dir, "rc-*.tmp")
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.WriteString(b.String()); err != nil {
		return "", err
	}
	if err := tmp.Close(); err != nil {
		return "", err
	}
	return file, os.Rename(tmp.Name(), file)
}

// commonOptions writes the options that hold in every workspace.
func (in *install) commonOptions(ctx context.Context, b *strings.Builder) error {
	fmt.Fprintln(b, "common --noenable_workspace")
	// A lock file would record the overrides, which are this machine's.
	fmt.Fprintln(b, "common --lockfile_mode=off")
	fmt.Fprintf(b, "common --repository_cache=%s\n", filepath.Join(in.home, "repository_cache"))
	// The machine's Go caches already hold what provisioning built and downloaded.
	fmt.Fprintln(b, "common --repo_env=GO_REPOSITORY_USE_HOST_CACHE=1")
	fmt.Fprintf(b, "common --repo_env=RULES_GO3S_QEMU_DIR=%s\n", in.path("qemu"))
	if !hasCompiler() {
		// Go needs none, but Bazel's detection of one fails without it.
		fmt.Fprintln(b, "common --repo_env=BAZEL_DO_NOT_DETECT_CPP_TOOLCHAIN=1")
	}
	if strings.HasPrefix(in.dir, "/tmp/") {
		// Bazel's sandbox has a /tmp of its own, which would hide the modules.
		fmt.Fprintf(b, "common --sandbox_add_mount_pair=%s\n", in.dir)
	}
	cmd := exec.Command("go", append([]string{"env", "-json"}, goSettings...)...)
	cmd.Dir = in.home // outside of any module, whose go.mod might ask for another Go
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := output(ctx, cmd)
	if err != nil {
		return err
	}
	settings := map[string]string{}
	if err := json.Unmarshal([]byte(out), &settings); err != nil {
		return err
	}
	for _, name := range goSettings {
		if settings[name] != "" {
			fmt.Fprintf(b, "common %s\n", quote("--repo_env="+name+"="+settings[name]))
		}
	}
	return nil
}

// hasCompiler reports whether Bazel's C++ toolchain detection would find a compiler.
func hasCompiler() bool {
	name := os.Getenv("CC")
	if name == "" {
		name = "gcc"
	}
	_, err := exec.LookPath(name)
	return err == nil
}

// quote makes one word of an rc file line.
func quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// workspaceRoot is the nearest directory at or above the current one with a MODULE.bazel, or
// "" when there is none.
func workspaceRoot() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "MODULE.bazel")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	return ""
}
