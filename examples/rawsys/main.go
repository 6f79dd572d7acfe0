//go:build linux

// Command rawsys asks the kernel for its process id and prints it, with system calls made by hand:
// getpid through syscall.RawSyscall, write through the assembly in write_*.s.
package main

import (
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// rawWrite makes the write system call. It returns the number of bytes written or, as every Linux
// system call does, a negated errno.
//
//go:noescape
func rawWrite(fd uintptr, p unsafe.Pointer, n uintptr) int

func main() {
	// getpid cannot fail.
	pid, _, _ := syscall.RawSyscall(syscall.SYS_GETPID, 0, 0, 0)
	line := []byte("pid " + strconv.Itoa(int(pid)) + "\n")
	for len(line) > 0 {
		n := rawWrite(1, unsafe.Pointer(unsafe.SliceData(line)), uintptr(len(line)))
		switch {
		case n >= 0:
			line = line[n:]
		case syscall.Errno(-n) != syscall.EINTR:
			os.Stderr.WriteString("rawsys: write to standard output: " + syscall.Errno(-n).Error() + "\n")
			os.Exit(1)
		}
	}
}
