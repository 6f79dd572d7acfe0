// Package vm boots virtual machines of three architectures with qemu's system emulators, and returns what they print. It starts
// Linux directly, or from a disk by UEFI firmware. It uses no KVM: a guest is slow and the same everywhere. It provides none of the
// programs and files: e2e/boot/provision.sh does, or the machine has Debian's packages installed.
package vm

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Environment names the directory of Debian's programs: see Tools.
const Environment = "RULES_GO3S_BOOT_DIR"

// defaultMemory is the memory of a guest in MiB: twice what Debian's kernels need with a static program.
const defaultMemory = 512

// maxOutput bounds what a guest may print, in bytes.
const maxOutput = 16 << 20

// Tools are Debian's programs and firmware: a directory with usr/, as their packages have it.
type Tools struct{ dir string }

// NewTools returns the tools in dir, or in / for "".
func NewTools(dir string) *Tools {
	if dir == "" {
		dir = "/"
	}
	return &Tools{dir}
}

// A Machine is one start of a virtual machine. Its files are not changed, but for Variables.
type Machine struct {
	Arch string // GOARCH

	// Direct boot of Linux.
	Kernel, Initramfs string // files
	CommandLine       string

	// Boot by firmware, when Kernel is "".
	Disk      string // disk image with a FAT file system, see Disk
	Variables string // file of the firmware's variables, see Variables

	TPM    bool // with an emulated TPM 2.0
	Memory int  // MiB, 0 for 512
}

// Run starts the machine, and returns what it printed when it has turned itself off or restarted, or when done, unless it is nil, says so
// of a line without its end. Each line goes to log, too, unless that is nil. It is an error if neither happens before ctx ends.
func (t *Tools) Run(ctx context.Context, m Machine, log io.Writer, done func(line string) bool) (output string, err error) {
	kind, err := kindOf(m.Arch)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	memory := m.Memory
	if memory == 0 {
		memory = defaultMemory
	}
	args := []string{"-accel", "tcg", "-m", strconv.Itoa(memory), "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"}
	for _, dir := range []string{"usr/share/qemu", "usr/share/seabios"} {
		args = append(args, "-L", filepath.Join(t.dir, dir))
	}
	if m.Kernel != "" {
		args = append(args, kind.machine...)
		args = append(args, "-kernel", m.Kernel, "-initrd", m.Initramfs, "-append", m.CommandLine)
	} else {
		firmware, err := t.firmware(kind, m)
		if err != nil {
			return "", err
		}
		args = append(args, firmware...)
	}
	if m.TPM {
		tpm, stop, err := t.startTPM(ctx, kind)
		if err != nil {
			return "", err
		}
		defer stop()
		args = append(args, tpm...)
	}
	cmd, err := t.Command(ctx, kind.qemu, args...)
	if err != nil {
		return "", err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	var printed bytes.Buffer
	lines := bufio.NewReader(io.LimitReader(stdout, maxOutput))
	stopped := false
	for !stopped {
		line, err := lines.ReadString('\n')
		printed.WriteString(line)
		if log != nil {
			io.WriteString(log, line)
		}
		stopped = done != nil && done(strings.TrimRight(line, "\r\n"))
		if err != nil {
			break
		}
	}
	if stopped {
		cancel()
	}
	err = cmd.Wait()
	output = strings.ReplaceAll(printed.String(), "\r", "")
	switch {
	case stopped:
		return output, nil
	case ctx.Err() != nil:
		return output, fmt.Errorf("%s: the guest was still running when its time was up; it printed %d bytes, the last lines:\n%s",
			kind.qemu, len(output), tail(output, 10))
	case err != nil:
		return output, fmt.Errorf("%s: %w\n%s", kind.qemu, err, stderr.String())
	}
	return output, nil
}

// tail returns the last n lines of text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Command returns the command that starts a program of the tools, which is killed when ctx ends.
func (t *Tools) Command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	path := t.path("usr/bin", name)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("no program %s: install Debian's packages, or let e2e/boot/provision.sh of rules_go3s provide them and name "+
			"the directory that it prints in %s: %w", name, Environment, err)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	// swtpm has libraries in a directory of its own.
	if dirs, _ := filepath.Glob(t.path("usr/lib/*/swtpm")); len(dirs) > 0 && t.dir != "/" {
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(dirs, ":"))
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd, nil
}

func (t *Tools) path(elem ...string) string {
	return filepath.Join(append([]string{t.dir}, elem...)...)
}

// Output runs a program of the tools to its end, and returns what it printed. The error has what it said.
func (t *Tools) Output(ctx context.Context, name string, args ...string) (string, error) {
	cmd, err := t.Command(ctx, name, args...)
	if err != nil {
		return "", err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out), nil
}
