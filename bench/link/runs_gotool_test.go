package link

import (
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
func (r *runs) run(b *testing.B, args ...string) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = []string{"GOOS=linux", "GOARCH=" + runtime.GOARCH}
	begin := time.Now()
	err := cmd.Run()
	wall := time.Since(begin)
	if err != nil {
		cmd = exec.Command(args[0], args[1:]...)
		cmd.Env = []string{"GOOS=linux", "GOARCH=" + runtime.GOARCH}
		text, _ := cmd.CombinedOutput()
		b.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	s := cmd.ProcessState
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
