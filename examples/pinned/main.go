//go:build linux

// Command pinned runs a goroutine on one processor of the machine: it locks the goroutine to its thread and binds the
// thread by the system call sched_setaffinity, made by hand. Then it asks the kernel again and again where it runs, and prints
// that number, how often it asked, and how many answers were another processor.
//
//	pinned PROCESSOR
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

// maxProcessors is the most that Linux can have on the machines that Go runs on (CONFIG_NR_CPUS).
const maxProcessors = 8192

const wordBits = 64

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pinned:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d arguments, want one: the number of a processor", len(args))
	}
	processor, err := strconv.Atoi(args[0])
	if err != nil || processor < 0 || processor >= maxProcessors {
		return fmt.Errorf("%q is no processor, want a number from 0 to %d", args[0], maxProcessors-1)
	}
	// The thread's affinity is the thread's own: without the lock the goroutine could move to another one. It is not given back: a
	// thread that ends locked is not used again.
	runtime.LockOSThread()
	if err := pin(processor); err != nil {
		return fmt.Errorf("sched_setaffinity for processor %d: %w: want one of those in Cpus_allowed_list of /proc/self/status", processor, err)
	}
	const asked = 10000
	elsewhere := 0
	for range asked {
		at, err := current()
		if err != nil {
			return fmt.Errorf("getcpu: %w", err)
		}
		if at != processor {
			elsewhere++
		}
		runtime.Gosched()
	}
	fmt.Printf("thread on processor %d: asked %d times, %d times elsewhere\n", processor, asked, elsewhere)
	return nil
}

// pin binds the calling thread to a processor.
func pin(processor int) error {
	var set [maxProcessors / wordBits]uint64 // as the kernel's cpumask: bit n is processor n
	set[processor/wordBits] = 1 << (processor % wordBits)
	const thisThread = 0
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, thisThread, unsafe.Sizeof(set), uintptr(unsafe.Pointer(&set)))
	if errno != 0 {
		return errno
	}
	return nil
}

// current returns the processor that the calling thread runs on.
func current() (int, error) {
	var processor uint32
	_, _, errno := syscall.RawSyscall(sysGetcpu, uintptr(unsafe.Pointer(&processor)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(processor), nil
}
