// Package measure takes the figures of the benchmarks: time and memory of tools, and start time and memory of
// programs.
//
// A figure is taken by a new instance of the benchmark itself, which is small: Linux counts the memory of the
// process that starts a command as the command's own (getrusage(2), "ru_maxrss"), and starting a process from a large one
// takes longer.
package measure

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// marker is the first argument of an instance that measures.
const marker = "-measure-only"

// Main measures and ends the process when this is an instance for that. Call it first in main.
func Main() {
	if len(os.Args) < 3 || os.Args[1] != marker {
		return
	}
	var result any
	var err error
	switch args := os.Args[3:]; os.Args[2] {
	case "tool":
		result, err = tool(args)
	case "starts":
		result, err = starts(args)
	case "memory":
		result, err = memory(args)
	default:
		err = fmt.Errorf("unknown measurement %q", os.Args[2])
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// self runs an instance that measures and reads its result.
func self(result any, args ...string) error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(path, append([]string{marker}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return json.Unmarshal(out, result)
}

// A Sample is one run of a tool.
type Sample struct {
	Wall time.Duration
	CPU  time.Duration // in user mode and in the kernel: hardly depends on other load
	Peak int64         // resident set size in bytes
}

// Tool runs a command, args[0] being a path, whose output goes to the error if it fails.
func Tool(args ...string) (Sample, error) {
	var s Sample
	err := self(&s, append([]string{"tool"}, args...)...)
	return s, err
}

// Median returns the medians of each figure.
func Median(s []Sample) Sample {
	return Sample{
		Wall: Quantile(figures(s, func(s Sample) time.Duration { return s.Wall }), 0.5),
		CPU:  Quantile(figures(s, func(s Sample) time.Duration { return s.CPU }), 0.5),
		Peak: Quantile(figures(s, func(s Sample) int64 { return s.Peak }), 0.5),
	}
}

func figures[T any](s []Sample, figure func(Sample) T) []T {
	var list []T
	for _, x := range s {
		list = append(list, figure(x))
	}
	return list
}

// Quantile returns the value below which the part q of a list that is not empty is: its smallest for 0, its
// median for 0.5.
func Quantile[T cmp.Ordered](list []T, q float64) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func tool(args []string) (*Sample, error) {
	start := time.Now()
	pid, err := syscall.ForkExec(args[0], args, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 2, 2}})
	if err != nil {
		return nil, err
	}
	usage, err := wait(pid)
	wall := time.Since(start)
	if err != nil {
		return nil, err
	}
	return &Sample{wall, time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), usage.Maxrss * 1024}, nil
}

// wait waits until a child has ended with status 0.
func wait(pid int) (*syscall.Rusage, error) {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err := syscall.Wait4(pid, &status, 0, &usage)
		if err == syscall.EINTR {
			continue
		}
		if err == nil && (!status.Exited() || status.ExitStatus() != 0) {
			err = fmt.Errorf("wait status %#x, want exit 0", int(status))
		}
		return &usage, err
	}
}

// Copy copies a file, to make it executable and to have its pages in the page cache as write(2) puts them there: a file
// that was written through a mapping starts slower.
func Copy(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(struct{ io.Writer }{f}, bytes.NewReader(data))
	return cmp.Or(err, f.Close())
}
