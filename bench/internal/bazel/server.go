// Package bazel makes workspaces of programs for benchmarks and measures what Bazel takes to build them.
package bazel

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Server is Bazel in a workspace.
type Server struct {
	Wrapper string // the bazelw to start
	Dir     string // of the workspace
}

// TempDir makes a directory for a workspace, with a name that begins with prefix. It is in the user's cache and not below
// /tmp, which Bazel's sandbox has a new one of.
func TempDir(prefix string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	parent := filepath.Join(cache, "rules_go3s")
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return "", err
	}
	return os.MkdirTemp(parent, prefix)
}

// Command returns what Bazel prints.
func (b *Server) Command(args ...string) (string, error) {
	cmd := exec.Command(b.Wrapper, args...)
	cmd.Dir = b.Dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd, err, out)
	}
	return string(out), nil
}

var (
	elapsed   = regexp.MustCompile(`(?m)^INFO: Elapsed time: ([0-9.]+)s`)
	processes = regexp.MustCompile(`(?m)^INFO: ([0-9]+) process(?:es)?: (?:([0-9]+) internal)?`)
)

// A Build is what one took.
type Build struct {
	Wall      time.Duration // Bazel's "Elapsed time"
	CPU       time.Duration // of Bazel and of the processes
	Processes int           // that Bazel started or took from a cache
}

// Build builds; args are options and targets.
func (b *Server) Build(args ...string) (*Build, error) {
	before, err := b.cpu()
	if err != nil {
		return nil, err
	}
	out, err := b.Command(append([]string{"build", "--color=no", "--curses=no", "--show_result=0"}, args...)...)
	if err != nil {
		return nil, err
	}
	after, err := b.cpu()
	if err != nil {
		return nil, err
	}
	t, p := elapsed.FindStringSubmatch(out), processes.FindStringSubmatch(out)
	if t == nil || p == nil {
		return nil, fmt.Errorf("bazel build printed neither time nor processes:\n%s", out)
	}
	seconds, err := strconv.ParseFloat(t[1], 64)
	if err != nil {
		return nil, err
	}
	all, err := strconv.Atoi(p[1])
	if err != nil {
		return nil, err
	}
	internal, _ := strconv.Atoi(p[2]) // "" when there is none
	return &Build{time.Duration(seconds * float64(time.Second)), after - before, all - internal}, nil
}

// cpu returns the CPU time that the server has used, and all processes that it has waited for (proc(5), /proc/pid/stat).
func (b *Server) cpu() (time.Duration, error) {
	pid, err := b.Command("info", "server_pid")
	if err != nil {
		return 0, err
	}
	lines := strings.Fields(pid)
	text, err := os.ReadFile("/proc/" + lines[len(lines)-1] + "/stat")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // after the name
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0, fmt.Errorf("/proc/pid/stat: %q: want more fields", text)
	}
	var ticks int64
	for _, f := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	const tick = 10 * time.Millisecond // USER_HZ, of all Linux
	return time.Duration(ticks) * tick, nil
}
