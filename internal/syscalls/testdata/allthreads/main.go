//go:build linux

// Command allthreads has the runtime make a system call on every thread.
package main

import (
	"os"
	"syscall"
)

func main() {
	if _, _, errno := syscall.AllThreadsSyscall(syscall.SYS_GETPRIORITY, 0, 0, 0); errno != 0 {
		os.Stderr.WriteString(errno.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("done\n")
}
