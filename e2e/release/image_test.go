package release

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// TestImageRuns starts the program of each image in the image's files, with its user, arguments and environment, as a container runtime
// does.
func TestImageRuns(t *testing.T) {
	for goarch, image := range images(t, folder(t)) {
		t.Run(goarch, func(t *testing.T) { start(t, image, goarch) })
	}
}

// start unpacks an image and starts it.
func start(t *testing.T, image v1.Image, goarch string) {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	unpack(t, image, root)
	// A runtime makes the folder if there is none.
	if err := os.MkdirAll(filepath.Join(root, config.Config.WorkingDir), 0o755); err != nil {
		t.Fatal(err)
	}
	uid, gid, _ := strings.Cut(config.Config.User, ":")
	args := append(config.Config.Entrypoint, config.Config.Cmd...)
	if goarch != runtime.GOARCH {
		machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64", "riscv64": "riscv64"}[goarch]
		path, err := emulator(machine)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "emulator"), data, 0o755); err != nil {
			t.Fatal(err)
		}
		args = append([]string{"/emulator"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = config.Config.WorkingDir
	cmd.Env = config.Config.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:      root,
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: number(t, uid), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: number(t, gid), HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "v1.10.0\n" {
		t.Errorf("it prints %q (%v), want v1.10.0", out, err)
	}
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("user of the image: %v", err)
	}
	return n
}

func unpack(t *testing.T, image v1.Image, root string) {
	t.Helper()
	in := mutate.Extract(image)
	defer in.Close()
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, data, fs.FileMode(h.Mode))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
