package link

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// runs are the figures of a command that was run several times.
type runs struct {
	wall, cpu, user []time.Duration
	peak            int64 // memory of the largest process, KiB
	faults          int64 // of pages, without input or output; of the last run
}

// run runs a command once.
func (r *runs) run(b *testing.B, args ...string) { r.link(b, false, args...) }

// link runs a command once, which must succeed or, if killed is set, die of SIGKILL.
func (r *runs) link(b *testing.B, killed bool, args ...string) {
	command := func() *exec.Cmd {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = []string{"GOOS=linux", "GOARCH=" + runtime.GOARCH}
		return cmd
	}
	cmd := command()
	begin := time.Now()
	err := cmd.Run()
	wall := time.Since(begin)
	s := cmd.ProcessState
	if killed && s != nil && s.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		err = nil
	} else if killed {
		err = fmt.Errorf("%v, want that SIGKILL ends it", err)
	}
	if err != nil {
		text, _ := command().CombinedOutput()
		b.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	r.wall = append(r.wall, wall)
	r.user = append(r.user, s.UserTime())
	r.cpu = append(r.cpu, s.UserTime()+s.SystemTime())
	usage := s.SysUsage().(*syscall.Rusage)
	r.peak = max(r.peak, usage.Maxrss)
	r.faults = usage.Minflt
}

// privateMemory returns the most anonymous memory, in KiB, that the process of a command has: the median of some runs.
func privateMemory(b *testing.B, args ...string) int64 {
	const runs = 5
	var all []int64
	for range runs {
		all = append(all, mostPrivate(b, args...))
	}
	slices.Sort(all)
	return all[runs/2]
}

// mostPrivate runs a command and returns the most anonymous memory that its process had, in KiB, looked up all the time. That
// of processes which it starts does not count.
func mostPrivate(b *testing.B, args ...string) (most int64) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = []string{"GOOS=linux", "GOARCH=" + runtime.GOARCH}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil || most == 0 {
				b.Fatalf("%v: %v, %d KiB of memory", cmd, err, most)
			}
			return most
		default:
		}
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)) // it may have ended
		for line := range strings.Lines(string(status)) {
			if text, ok := strings.CutPrefix(line, "RssAnon:"); ok {
				n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
				if err != nil {
					b.Fatalf("/proc: %q: %v", line, err)
				}
				most = max(most, n)
			}
		}
	}
}

// ratio returns the median of the times, each divided by the time of the same round in others.
func ratio(times, others []time.Duration) float64 {
	var ratios []float64
	for i := range times {
		ratios = append(ratios, times[i].Seconds()/others[i].Seconds())
	}
	slices.Sort(ratios)
	return (ratios[(len(ratios)-1)/2] + ratios[len(ratios)/2]) / 2
}

// least returns the least of the times, in milliseconds.
func least(times []time.Duration) float64 { return slices.Min(times).Seconds() * 1000 }

// median returns the median of the times, in milliseconds.
func median(times []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(times))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]).Seconds() * 500
}
