//go:build linux

// Command dynamic makes system calls whose numbers the code alone does not tell, and some
// whose numbers take a little following.
package main

import (
	"os"
	"syscall"
)

// readOnlyNumber is written by nothing.
var readOnlyNumber uintptr = syscall.SYS_GETPPID

// writtenNumber is written by chosen.
var writtenNumber uintptr = syscall.SYS_GETUID

//go:noinline
func written() { syscall.RawSyscall(writtenNumber, 0, 0, 0) }

//go:noinline
func choose() { writtenNumber = uintptr(len(os.Args)) }

//go:noinline
func variable() { syscall.RawSyscall(readOnlyNumber, 0, 0, 0) }

//go:noinline
func computed(n int) { syscall.RawSyscall(uintptr(n*3), 0, 0, 0) }

//go:noinline
func either(b bool) {
	trap := uintptr(syscall.SYS_GETGID)
	if b {
		trap = syscall.SYS_GETEGID
	}
	syscall.RawSyscall(trap, 0, 0, 0)
}

//go:noinline
func passedOn(trap uintptr) { twice(0, trap) }

//go:noinline
func twice(_ int, trap uintptr) {
	syscall.Syscall6(trap, 0, 0, 0, 0, 0, 0)
	syscall.Syscall6(trap, 0, 0, 0, 0, 0, 0)
}

type caller struct {
	f func(trap, a, b, c uintptr) (uintptr, uintptr, syscall.Errno)
}

//go:noinline
func value(c caller) { c.f(syscall.SYS_GETEUID, 0, 0, 0) }

func main() {
	choose()
	written()
	variable()
	computed(len(os.Args))
	either(len(os.Args) > 1)
	passedOn(syscall.SYS_SYNC)
	value(caller{valued})
}

// valued is only used as a function value, so nobody knows its argument.
func valued(trap, a, b, c uintptr) (uintptr, uintptr, syscall.Errno) {
	return syscall.RawSyscall(trap, a, b, c)
}
