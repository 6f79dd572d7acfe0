//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// threads is how many execute at the same time.
const threads = 8

// burst calls work by all threads for that long. It returns how often, how often it failed, and the first error.
func burst(long time.Duration, work func(i int) error) (n, failed int64, first error, took time.Duration) {
	var wg sync.WaitGroup
	var calls, wrong atomic.Int64
	var once sync.Once
	began := time.Now()
	end := began.Add(long)
	for t := range threads {
		wg.Go(func() {
			for i := t; time.Now().Before(end); i++ {
				calls.Add(1)
				if err := work(i); err != nil {
					wrong.Add(1)
					once.Do(func() { first = err })
				}
			}
		})
	}
	wg.Wait()
	return calls.Load(), wrong.Load(), first, time.Since(began)
}

// want returns an error unless executing path fails with want.
func want(path string, want unix.Errno) error {
	if got := execve(path); got != want {
		return fmt.Errorf("%s: %v, want %v", path, got, want)
	}
	return nil
}

// execve returns the error of the system call. It does not return if there is none.
func execve(path string) unix.Errno {
	name, err := unix.BytePtrFromString(path)
	if err != nil {
		panic(err) // names of ours
	}
	none := [1]*byte{}
	_, _, errno := unix.Syscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&none)), uintptr(unsafe.Pointer(&none)))
	return errno
}

// tick is the unit of processor times in /proc on all machines of this project.
const tick = 10 * time.Millisecond

// cpuTime returns the processor time of process pid and its children that run; 0 for pid 0.
func cpuTime(pid int) (time.Duration, error) {
	if pid == 0 {
		return 0, nil
	}
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, file := range processes {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(data), ") ") // after the name
		fields := strings.Fields(rest)
		if len(fields) < 13 || (file != fmt.Sprintf("/proc/%d/stat", pid) && fields[1] != strconv.Itoa(pid)) {
			continue
		}
		for _, f := range fields[11:13] { // utime, stime
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", file, err)
			}
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}
