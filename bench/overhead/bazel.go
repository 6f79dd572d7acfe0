package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// bazel starts Bazel in a workspace.
type bazel struct {
	wrapper, dir string
}

// command returns what Bazel prints.
func (b *bazel) command(args ...string) (string, error) {
	cmd := exec.Command(b.wrapper, args...)
	cmd.Dir = b.dir
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

// A build is what one took.
type build struct {
	wall      time.Duration
	cpu       time.Duration // of Bazel and of the processes
	processes int
}

// build builds.
func (b *bazel) build(args ...string) (*build, error) {
	before, err := b.cpu()
	if err != nil {
		return nil, err
	}
	out, err := b.command(append([]string{"build", "--color=no", "--curses=no", "--show_result=0"}, args...)...)
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
	return &build{time.Duration(seconds * float64(time.Second)), after - before, all - internal}, nil
}

// cpu returns the CPU time that the server has used, and all processes that it has waited for (proc(5), /proc/pid/stat).
func (b *bazel) cpu() (time.Duration, error) {
	pid, err := b.command("info", "server_pid")
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

// standardLibraries prints how often the standard library is compiled for the programs at a fixed address and as PIE,
// without that of tools.
func standardLibraries(b *bazel) error {
	fmt.Printf("| compiled standard libraries, for fixed address and PIE | GoStdlib actions |\n|---|---|\n")
	for _, c := range []struct{ name, targets string }{
		{"rules_go", "//go_binary/... + //go_binary_pie/..."},
		{"rules_go3s", "//go_static_binary/... + //go_pie_binary/..."},
	} {
		out, err := b.command("aquery", fmt.Sprintf("mnemonic('^GoStdlib$', deps(%s))", c.targets))
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(out) {
			if configuration, ok := strings.CutPrefix(strings.TrimSpace(line), "Configuration: "); ok && !strings.Contains(configuration, "-exec") {
				n++
			}
		}
		fmt.Printf("| %s | %d |\n", c.name, n)
	}
	fmt.Println()
	return nil
}
