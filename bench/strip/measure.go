package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// measureArg, as first argument, makes this program run a command and print
// its time and CPU time in nanoseconds and its peak resident set size in bytes.
const measureArg = "-measure"

// runOnce runs a command and measures it. It does so through a new instance of
// this program: Linux counts the memory of the process that starts a command as
// the command's own peak (getrusage(2), "ru_maxrss"), and this process has grown.
func runOnce(args []string) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	cmd := exec.Command(self, append([]string{measureArg}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return sample{}, fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var wall, cpu, peak int64
	if _, err := fmt.Sscan(string(out), &wall, &cpu, &peak); err != nil {
		return sample{}, err
	}
	return sample{time.Duration(wall), time.Duration(cpu), peak}, nil
}

// measure runs args, ends this process with its exit code, and prints the
// sample if that is 0.
func measure(args []string) {
	start := time.Now()
	pid, err := syscall.ForkExec(args[0], args, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 2, 2}})
	if err != nil {
		io.WriteString(os.Stderr, err.Error())
		os.Exit(127)
	}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		if _, err = syscall.Wait4(pid, &status, 0, &usage); err != syscall.EINTR {
			break
		}
	}
	wall := time.Since(start)
	if err != nil || !status.Exited() || status.ExitStatus() != 0 {
		fmt.Fprintf(os.Stderr, " (wait status %#x, error %v)", int(status), err)
		os.Exit(1)
	}
	fmt.Println(wall.Nanoseconds(), usage.Utime.Nano()+usage.Stime.Nano(), usage.Maxrss*1024)
}
