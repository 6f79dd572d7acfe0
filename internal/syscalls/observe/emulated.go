//go:build linux

package observe

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
)

// emulated matches a call in what qemu-user prints with -strace: the number of the process and
// the name, not always at the start of a line.
var emulated = regexp.MustCompile(`\d ([a-z][a-z0-9_]*)\(`)

// unknown matches a call that qemu-user has no name for.
var unknown = regexp.MustCompile(`\d Unknown syscall (\d+)`)

// RunEmulated runs cmd, a command of qemu-user with a program for its machine as first argument, and returns the
// names of the calls that the program made, "syscall_N" for those without. Programs that it starts run without the
// emulator or not at all, and do not count. The exit status is in cmd.ProcessState and makes no error.
func RunEmulated(cmd *exec.Cmd) (map[string]int, error) {
	log, err := os.CreateTemp("", "strace")
	if err != nil {
		return nil, err
	}
	log.Close()
	defer os.Remove(log.Name())
	cmd.Args = slices.Insert(cmd.Args, 1, "-strace", "-D", log.Name())
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, err
	}
	text, err := os.ReadFile(log.Name())
	if err != nil {
		return nil, err
	}
	return readStrace(text), nil
}

// readStrace returns how often each call is in what qemu-user printed.
func readStrace(text []byte) map[string]int {
	seen := map[string]int{}
	for _, m := range emulated.FindAllSubmatch(text, -1) {
		seen[string(m[1])]++
	}
	for _, m := range unknown.FindAllSubmatch(text, -1) {
		seen["syscall_"+string(m[1])]++
	}
	return seen
}
