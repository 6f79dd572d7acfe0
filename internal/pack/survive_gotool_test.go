package pack_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
)

var (
	surviveQEMU   = flag.String("survive.qemu", "", "start the programs in a machine of this `command`, which gets -kernel and the like")
	surviveKernel = flag.String("survive.kernel", "", "Linux kernel `image` for -survive.qemu")
	surviveArch   = flag.String("survive.goarch", runtime.GOARCH, "`GOARCH` of -survive.qemu")
)

// console is the device of the serial line by GOARCH.
var console = map[string]string{"amd64": "ttyS0", "arm64": "ttyAMA0", "riscv64": "ttyS0"}

// Packed programs run where they get little: see testdata/survive. With
// -survive.qemu it owns the machine, and all of its conditions are tried, else
// those that namespaces allow.
func TestSurvivesConditions(t *testing.T) {
	goarch := *surviveArch
	dir := filepath.Join(t.TempDir(), "programs")
	for _, name := range []string{dir, filepath.Join(filepath.Dir(dir), "mnt")} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p := linktest.Compile(t, goarch, filepath.Join("testdata", "program"), true)
	var programs []string
	for _, mode := range []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE} {
		path := filepath.Join(dir, mode)
		p.Link(t, mode, path, func(c *cmdlink.Config) { c.StripDWARF = true })
		packed := packFile(t, path)
		if mode == cmdlink.ModeStaticPIE {
			packed = packSplit(t, path)
		}
		programs = append(programs, mode, filepath.Base(packed))
	}
	survive := filepath.Join(t.TempDir(), "survive")
	gotool.Output(t, filepath.Join("testdata", "survive"), goarch, "build", "-o", survive, ".")

	cmd := exec.Command(survive, append([]string{dir}, programs...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	if *surviveQEMU != "" {
		initramfs := filepath.Join(t.TempDir(), "initramfs")
		writeInitramfs(t, initramfs, packSplit(t, survive), dir, programs)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		defer cancel()
		args := strings.Fields(*surviveQEMU)
		args = append(args, "-m", "512", "-nographic", "-no-reboot", "-kernel", *surviveKernel, "-initrd", initramfs,
			"-append", "quiet panic=-1 console="+console[goarch])
		cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || bytes.Contains(out, []byte("FAILED")) || !bytes.Contains(out, []byte("\ndone")) || !bytes.Contains(out, []byte("ok ")) {
		t.Errorf("%v; above is a condition that failed, or the last line is missing", err)
	}
}

// writeInitramfs writes a cpio archive of the format "newc" (Linux,
// Documentation/driver-api/early-userspace/buffer-format.rst) with the programs,
// and init as /init.
func writeInitramfs(t *testing.T, path, init, dir string, programs []string) {
	t.Helper()
	var b bytes.Buffer
	number := 0
	add := func(name string, mode, major, minor int, data []byte) {
		number++
		fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
			number, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0, name)
		b.Write(make([]byte, -b.Len()&3))
		b.Write(data)
		b.Write(make([]byte, -b.Len()&3))
	}
	read := func(path string) []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	const directory, device, file = 0o040755, 0o020600, 0o100755
	add("dev", directory, 0, 0, nil)
	add("dev/console", device, 5, 1, nil)
	add("programs", directory, 0, 0, nil)
	add("mnt", directory, 0, 0, nil)
	for _, name := range programs {
		add("programs/"+name, file, 0, 0, read(filepath.Join(dir, name)))
	}
	add("init", file, 0, 0, read(init))
	add("TRAILER!!!", 0, 0, 0, nil)
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}
