//go:build linux

package progtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolatedEnv marks the process that rerunIsolated starts.
const isolatedEnv = "GO3S_TEST_ISOLATED"

// rerunIsolated runs this test binary again, with the same arguments, in a user namespace where it is root and
// a network namespace of its own, and returns its exit status. In there it can bind ports 53 and
// 443 and enter a root directory, with no privilege outside.
func rerunIsolated() (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	// Pdeathsig follows the thread that starts the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), isolatedEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	if err := cmd.Start(); err != nil {
		return 0, forbidden(err)
	}
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		// A signal gives -1, which must not become a success.
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

// loopbackUp brings up the loopback device of a new network namespace, with 127.0.0.1 and ::1.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo); err != nil {
		return forbidden(fmt.Errorf("bring up the loopback device: %w", err))
	}
	return nil
}

func forbidden(err error) error {
	return fmt.Errorf("this test needs a user namespace and a network namespace of its own, which the kernel refuses: %w\n"+
		"look at /proc/sys/user/max_user_namespaces, /proc/sys/kernel/unprivileged_userns_clone and "+
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns, and at the seccomp profile of the container, if it runs in one", err)
}
