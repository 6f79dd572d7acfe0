package link

import (
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// runs are the figures of a command that was run several times.
type runs struct {
	wall, cpu, user []time.Duration
	peak            int64 // memory of the largest process, KiB
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
	r.peak = max(r.peak, s.SysUsage().(*syscall.Rusage).Maxrss)
}

// least returns the least of the times, in milliseconds.
func least(times []time.Duration) float64 { return slices.Min(times).Seconds() * 1000 }

// median returns the median of the times, in milliseconds.
func median(times []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(times))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]).Seconds() * 500
}
