//go:build linux

package observe

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Replace puts this thread under the seccomp filter and replaces the process by the executable path. It returns
// only when it cannot, after which the process is of no use any more. flags are SECCOMP_FILTER_FLAG_….
func Replace(filter []unix.SockFilter, flags uintptr, path string, args, env []string) error {
	name, err := unix.BytePtrFromString(path)
	if err != nil {
		return err
	}
	argv, err := pointers(args)
	if err != nil {
		return err
	}
	envv, err := pointers(env)
	if err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("PR_SET_NO_NEW_PRIVS: %w", err)
	}
	// The runtime asks threads by SIGURG to give way, and a handler returns by a system call. Without one
	// the signal is ignored, as it is after execve.
	var byDefault [4]uint64 // struct sigaction is no larger on any machine
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGURG), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
	if errno != 0 {
		return fmt.Errorf("rt_sigaction: %w", errno)
	}
	// From here on this thread makes one call only. The filter is on no other thread, and these
	// end with the call.
	_, _, errno = unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	_, _, errno = unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&argv[0])),
		uintptr(unsafe.Pointer(&envv[0])))
	return fmt.Errorf("execve %s: %w", path, errno)
}

// pointers returns what execve takes: strings with NUL, and a null pointer at the end.
func pointers(list []string) ([]*byte, error) {
	var out []*byte
	for _, s := range list {
		p, err := unix.BytePtrFromString(s)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return append(out, nil), nil
}
