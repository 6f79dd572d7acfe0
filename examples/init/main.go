//go:build linux

// Command init is the first process of a machine, a virtual machine or a container: it mounts what programs expect, starts one
// program, takes the exit status of every process that nobody else waits for, and turns the machine off when the program has ended.
//
//	init PROGRAM [ARGUMENT…]
//
// The kernel starts /init of an initramfs by itself and hands it what follows "--" on its command line:
//
//	console=ttyS0 -- /bin/server -addr :80
//
// SIGTERM asks the program to end and then turns the machine off; SIGINT, which the kernel sends for Ctrl-Alt-Del, restarts it. A program
// that continues for more than 5 s after that is killed, as are all others.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// grace is how long processes have between SIGTERM and SIGKILL.
const grace = 5 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "init:", err)
		os.Exit(1) // as process 1 of a machine, this makes the kernel panic: nothing else is left to do
	}
}

func run(args []string) error {
	if os.Getpid() != 1 {
		return fmt.Errorf("it is process %d, want 1: let the kernel start it, or a new PID namespace (unshare --pid --fork)", os.Getpid())
	}
	for _, m := range mounts {
		if err := m.mount(); err != nil {
			fmt.Fprintln(os.Stderr, "init:", err) // the program may do without it
		}
	}
	// The kernel restarts at once on Ctrl-Alt-Del unless it is told to send SIGINT. In a container there is no such key.
	unix.Reboot(unix.LINUX_REBOOT_CMD_CAD_OFF)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGCHLD)

	how := unix.LINUX_REBOOT_CMD_POWER_OFF
	pid, err := start(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "init:", err)
	} else {
		how = supervise(pid, args[0], signals)
	}
	endAll(signals)
	unix.Sync()
	if err := unix.Reboot(how); err != nil {
		return fmt.Errorf("reboot: %w", err)
	}
	select {} // in a container the kernel ends this process now
}

// start starts the program in a session of its own.
func start(args []string) (pid int, err error) {
	if len(args) == 0 {
		return 0, fmt.Errorf("no program to start: name it after -- on the kernel's command line")
	}
	pid, err = syscall.ForkExec(args[0], args, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2},
		Sys: &syscall.SysProcAttr{Setsid: true}})
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", args[0], err)
	}
	return pid, nil
}

// supervise waits until the program ends, or does not after it was asked to. It returns what to do with the machine.
func supervise(pid int, name string, signals <-chan os.Signal) (how int) {
	how = unix.LINUX_REBOOT_CMD_POWER_OFF
	var late <-chan time.Time
	for {
		select {
		case s := <-signals:
			switch s {
			case unix.SIGCHLD:
				if status, ended := reap(pid); ended {
					fmt.Fprintf(os.Stderr, "init: %s %s\n", name, describe(status))
					return how
				}
				continue
			case unix.SIGINT:
				how = unix.LINUX_REBOOT_CMD_RESTART
			}
			unix.Kill(pid, unix.SIGTERM)
			if late == nil {
				late = time.After(grace)
			}
		case <-late:
			fmt.Fprintf(os.Stderr, "init: %s continues after SIGTERM: it is killed\n", name)
			return how
		}
	}
}

// reap takes the exit status of all processes that have ended. It returns that of pid, if it is among them. One SIGCHLD may stand for
// several processes.
func reap(pid int) (status unix.WaitStatus, ended bool) {
	for {
		var s unix.WaitStatus
		p, err := unix.Wait4(-1, &s, unix.WNOHANG, nil)
		switch {
		case err == unix.EINTR:
		case err != nil || p == 0:
			return status, ended
		case p == pid:
			status, ended = s, true
		}
	}
}

func describe(s unix.WaitStatus) string {
	if s.Signaled() {
		return fmt.Sprintf("was ended by %s", unix.SignalName(s.Signal()))
	}
	return fmt.Sprintf("exited with status %d", s.ExitStatus())
}

// endAll ends all other processes: by SIGTERM, those that are left after a while by SIGKILL.
func endAll(signals <-chan os.Signal) {
	const everyOther = -1
	unix.Kill(everyOther, unix.SIGTERM)
	late := time.After(grace)
	for {
		if _, err := unix.Wait4(everyOther, nil, unix.WNOHANG, nil); err == unix.ECHILD {
			return
		}
		reap(0)
		select {
		case <-signals:
		case <-late:
			unix.Kill(everyOther, unix.SIGKILL)
		case <-time.After(50 * time.Millisecond): // no signal comes when a process ended before it was asked for
		}
	}
}
