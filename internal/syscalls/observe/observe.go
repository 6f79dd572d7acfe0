//go:build linux

// Package observe runs a program and records which system calls it makes itself, by a seccomp
// filter that asks this process about each, or on foreign machines by what qemu-user prints. It
// judges nothing and forbids nothing: every call reaches the kernel.
//
// Other programs that the program starts do not count, the same file started again does.
package observe

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// observeEnv names, to a process that is to be replaced by the program, the pipe to us.
const observeEnv = "GO3S_OBSERVE_PIPE"

// Main must be the first call of a main function or TestMain whose process calls Run: Run
// starts the process's own executable, and Main replaces that by the program.
func Main() {
	pipe, ok := os.LookupEnv(observeEnv)
	if !ok {
		return
	}
	os.Unsetenv(observeEnv)
	fmt.Fprintln(os.Stderr, "observe:", become(pipe))
	os.Exit(99)
}

// become replaces this process by the program in its arguments. It returns only when it cannot.
func become(pipe string) error {
	fd, err := strconv.Atoi(pipe)
	if err != nil {
		return err
	}
	unix.CloseOnExec(fd)
	// The observer takes the listener out of this process while execve waits for its answer. It has to know
	// its number before: the least that is free.
	free, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	unix.Close(free)
	if _, err := unix.Write(fd, []byte{byte(free)}); err != nil {
		return err
	}
	ask := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF}}
	return Replace(ask, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, os.Args[1], os.Args[1:],
		os.Environ())
}

// A notification is the kernel's struct seccomp_notif (include/uapi/linux/seccomp.h).
type notification struct {
	id         uint64
	pid, flags uint32
	nr         int32
	arch       uint32
	ip         uint64
	args       [6]uint64
}

// A response is the kernel's struct seccomp_notif_resp.
type response struct {
	id    uint64
	val   int64
	error int32
	flags uint32
}

const (
	ioctlReceive = unix.SECCOMP_IOCTL_NOTIF_RECV
	ioctlSend    = unix.SECCOMP_IOCTL_NOTIF_SEND
	goOn         = 1 // SECCOMP_USER_NOTIF_FLAG_CONTINUE
)

// A Call is a system call as the kernel sees it.
type Call struct {
	Arch   uint32 // AUDIT_ARCH_…: a 64-bit program may also enter the kernel as a 32-bit one
	Number int64
}

// Run runs cmd, whose Path is an executable for this machine, and returns how often it made each
// call; all that it leaves running is killed. Its exit status is in cmd.ProcessState and makes no
// error. cmd must not have SysProcAttr or ExtraFiles.
func Run(cmd *exec.Cmd) (map[Call]int, error) {
	program, err := os.Stat(cmd.Path)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd.Args = append([]string{self, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = self
	cmd.Env = append(cmd.Environ(), observeEnv+"=3")
	cmd.ExtraFiles = []*os.File{write}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	write.Close()
	if err != nil {
		return nil, err
	}
	group := -cmd.Process.Pid
	listener, err := takeListener(cmd.Process.Pid, read)
	if err != nil {
		unix.Kill(group, unix.SIGKILL)
		cmd.Wait()
		return nil, err
	}
	var seen map[Call]int
	served := make(chan error)
	go func() {
		var err error
		seen, err = serve(listener, program)
		served <- err
	}()
	waited := cmd.Wait()
	unix.Kill(group, unix.SIGKILL) // what it left; fails when nothing is left, as it should be
	err = <-served
	unix.Close(listener)
	if exit := (*exec.ExitError)(nil); waited != nil && !errors.As(waited, &exit) && !errors.Is(waited, exec.ErrWaitDelay) {
		err = errors.Join(err, waited)
	}
	return seen, err
}

// takeListener duplicates the listener of the process, which says its number on the pipe.
func takeListener(pid int, pipe *os.File) (int, error) {
	number := make([]byte, 1)
	if _, err := pipe.Read(number); err != nil {
		return -1, fmt.Errorf("the process to observe did not get as far as the filter: %w", err)
	}
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(process)
	link := fmt.Sprintf("/proc/%d/fd/%d", pid, number[0])
	for range 5000 { // it is between the pipe and execve
		if target, _ := os.Readlink(link); strings.Contains(target, "seccomp notify") {
			fd, err := unix.PidfdGetfd(process, int(number[0]), 0)
			if err != nil {
				return -1, fmt.Errorf("pidfd_getfd: %w", err)
			}
			return fd, nil
		}
		time.Sleep(time.Millisecond)
	}
	return -1, errors.New("the process to observe has no seccomp listener (Linux 5.19 has all that is needed; a container may forbid it)")
}

// serve lets all calls continue, until no process is left under the filter, and returns those
// that processes of the program made.
func serve(listener int, program os.FileInfo) (map[Call]int, error) {
	seen := map[Call]int{}
	for {
		poll := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); err == unix.EINTR {
			continue
		} else if err != nil {
			return seen, fmt.Errorf("poll: %w", err)
		}
		if poll[0].Revents&unix.POLLIN == 0 {
			return seen, nil // POLLHUP: all have ended
		}
		var n notification
		if err := ioctl(listener, ioctlReceive, unsafe.Pointer(&n)); err == unix.ENOENT || err == unix.EINTR {
			continue // the process was killed meanwhile
		} else if err != nil {
			return seen, fmt.Errorf("SECCOMP_IOCTL_NOTIF_RECV: %w", err)
		}
		if exe, err := os.Stat(fmt.Sprintf("/proc/%d/exe", n.pid)); err == nil && os.SameFile(exe, program) {
			seen[Call{n.arch, int64(n.nr)}]++
		}
		r := response{id: n.id, flags: goOn}
		if err := ioctl(listener, ioctlSend, unsafe.Pointer(&r)); err != nil && err != unix.ENOENT {
			return seen, fmt.Errorf("SECCOMP_IOCTL_NOTIF_SEND: %w", err)
		}
	}
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
