//go:build linux

package execguard

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Sysctls that execguard sets.
const (
	memfdSysctl = "/proc/sys/vm/memfd_noexec"
	usersSysctl = "/proc/sys/user/max_user_namespaces"
)

// guardMemory guards files of memfd_create(2), which are in no mount: by a mark on the kernel's file system for them, where it takes one
// (before Linux 6.5 or so), or else by forbidding those that may be executed (Linux 6.3). It returns how.
func (g *group) guardMemory() (string, error) {
	marked := g.markMemory(0)
	if marked == nil {
		// Those of huge pages are in other file systems, one for each size, if there are any.
		for shift := uint(14); shift <= 34; shift++ {
			err := g.markMemory(unix.MFD_HUGETLB | int(shift)<<unix.MFD_HUGE_SHIFT)
			if err != nil && !errors.Is(err, errNoMemfd) {
				return "", err
			}
		}
		return "memfd: guarded as files are", nil
	}
	if err := setSysctl(memfdSysctl, "2"); err != nil {
		return "", fmt.Errorf("memfd: %w, and %w: this kernel can do neither, --allow-memfd leaves memfd open", marked, err)
	}
	if fd, err := unix.MemfdCreate("execguard", unix.MFD_CLOEXEC|unix.MFD_EXEC); err == nil {
		unix.Close(fd)
		return "", fmt.Errorf("memfd: %s is 2, and memfd_create with MFD_EXEC still works", memfdSysctl)
	}
	return "memfd: none may be executed (" + memfdSysctl + " is 2)", nil
}

// errNoMemfd is about a kind of memory that this machine has not.
var errNoMemfd = errors.New("memfd_create")

// markMemory marks the file system of files that memfd_create makes with the flags.
func (g *group) markMemory(flags int) error {
	fd, err := unix.MemfdCreate("execguard", unix.MFD_CLOEXEC|flags)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoMemfd, err)
	}
	defer unix.Close(fd)
	if err := g.mark(fd, ""); err != nil {
		return fmt.Errorf("fanotify_mark: %w", err)
	}
	return nil
}

// forbidNamespaces forbids new user namespaces, in which everybody may mount file systems that no mark is on.
func forbidNamespaces() (string, error) {
	if _, err := os.Stat(usersSysctl); errors.Is(err, os.ErrNotExist) {
		return "user namespaces: the kernel has none", nil
	}
	if err := setSysctl(usersSysctl, "0"); err != nil {
		return "", fmt.Errorf("user namespaces: %w: --allow-user-namespaces leaves them open", err)
	}
	return "user namespaces: no new ones (" + usersSysctl + " is 0)", nil
}

// setSysctl sets a sysctl, and reads it again.
func setSysctl(path, value string) error {
	if err := os.WriteFile(path, []byte(value), 0); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err == nil && strings.TrimSpace(string(data)) != value {
		err = fmt.Errorf("%s: is %q after it was set to %q", path, strings.TrimSpace(string(data)), value)
	}
	return err
}

// checkBusy fails if this kernel lets programs that are executed be written to, as Linux 6.11 and 6.12 do: a verdict would not last.
func checkBusy() error {
	fd, err := unix.Open("/proc/self/exe", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	switch err {
	case unix.ETXTBSY, unix.EROFS:
		return nil
	case nil:
		unix.Close(fd)
		return errors.New("this kernel lets programs that are executed be written to (Linux 6.11, 6.12): verdicts would not last. Use another one")
	}
	return fmt.Errorf("/proc/self/exe: open for writing: %w, want ETXTBSY", err)
}

// checkLeases fails if the kernel ends leases sooner than the worker does.
func checkLeases() error {
	const path = "/proc/sys/fs/lease-break-time"
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if least := 2 * grace; err != nil || time.Duration(seconds)*time.Second < least {
		return fmt.Errorf("%s: is %q, want %d seconds or more", path, data, int(least.Seconds()))
	}
	return nil
}
