package syscalls

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Starter names what puts a program under a seccomp filter and starts it. A container runtime makes
// system calls of its own between the two, which the filter must allow as well. Which ones depends on noNewPrivileges in
// the OCI configuration of the process (config.md, "POSIX process"): without it the filter needs CAP_SYS_ADMIN and so comes before the
// change of user and capabilities, with it after them.
type Starter string

const (
	StarterAny     Starter = "any"      // every one of the others
	StarterRunc    Starter = "runc"     // runc, without noNewPrivileges
	StarterRuncNNP Starter = "runc-nnp" // runc, with noNewPrivileges
	StarterCrun    Starter = "crun"     // crun, without noNewPrivileges
	StarterCrunNNP Starter = "crun-nnp" // crun, with noNewPrivileges
	StarterProgram Starter = "program"  // nothing but execve between filter and program
)

// Starters are all Starters, the default first.
var Starters = []Starter{StarterAny, StarterRunc, StarterRuncNNP, StarterCrun, StarterCrunNNP, StarterProgram}

// startCalls are the calls that starters make under the filter, with the reason. They were seen with strace
// under runc 1.1.5, 1.3.6 and 1.5.1 and crun 1.8.1 and 1.28, for run, create and start, and exec, as root and as another
// user; those of runc's Go runtime also come from its source.
var startCalls = []struct {
	calls string
	by    []Starter
	why   string
}{
	{"execve", []Starter{StarterRunc, StarterRuncNNP, StarterCrun, StarterCrunNNP, StarterProgram},
		"start the program"},
	{"close close_range", []Starter{StarterRunc, StarterRuncNNP, StarterCrun, StarterCrunNNP},
		"close descriptors that the program must not inherit"},
	{"write", []Starter{StarterRunc, StarterRuncNNP, StarterCrun, StarterCrunNNP},
		"report to the parent process; open the gate that `start` waits at"},
	{"umask", []Starter{StarterCrun, StarterCrunNNP},
		"`exec`: the mask of the new process"},
	{"fcntl fstat fstatfs getdents64 openat openat2 statx", []Starter{StarterRunc, StarterRuncNNP},
		"list `/proc/self/fd` after making sure that it is procfs; reopen the FIFO of `start`"},
	{"getpid", []Starter{StarterRunc, StarterRuncNNP},
		"state for hooks"},
	{"epoll_ctl epoll_pwait futex getrandom gettid madvise mmap munmap nanosleep rt_sigprocmask rt_sigreturn sched_yield tgkill",
		[]Starter{StarterRunc, StarterRuncNNP},
		"runc is a Go program: its runtime, when it collects garbage, preempts or waits"},
	{"prctl capset", []Starter{StarterRunc, StarterCrun},
		"drop capabilities, keep them over the change of user"},
	{"capget read", []Starter{StarterRunc},
		"read the capabilities of the process and of the kernel"},
	{"setgid setgroups setuid", []Starter{StarterRunc},
		"change to the user of the configuration"},
	{"setgroups setresgid setresuid", []Starter{StarterCrun},
		"change to the user of the configuration"},
	{"fchown", []Starter{StarterRunc, StarterCrun},
		"give standard input and output to that user"},
	{"chdir getcwd", []Starter{StarterRunc, StarterCrun},
		"enter the working directory and make sure that it is inside the container"},
	{"faccessat2 newfstatat", []Starter{StarterRunc, StarterCrun},
		"find the program"},
	{"access faccessat", []Starter{StarterCrun},
		"the same, where there is no `faccessat2`"},
	{"getppid", []Starter{StarterRunc},
		"make sure that the parent process still lives"},
	{"pselect6 read", []Starter{StarterCrun},
		"wait for `start` after `create`"},
	{"rt_sigaction rt_sigprocmask", []Starter{StarterCrun},
		"take signals as the program expects them"},
	{"fstat ioctl openat statx", []Starter{StarterCrun},
		"`exec`: look at `/proc/sys/kernel/cap_last_cap`, terminals and standard input and output"},
}

// calls returns the system calls that s makes between filter and program on linux/goarch, sorted.
func (s Starter) calls(goarch string) []string {
	var out []string
	for _, row := range startCalls {
		if s == StarterAny || slices.Contains(row.by, s) {
			for name := range strings.FieldsSeq(row.calls) {
				if _, ok := Tables[goarch].Number(name); ok { // arm64 and riscv64 have no access
					out = append(out, name)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ParseStarter returns the Starter of that name.
func ParseStarter(name string) (Starter, error) {
	if s := Starter(name); slices.Contains(Starters, s) {
		return s, nil
	}
	return "", fmt.Errorf("%q is no starter: want one of %s", name, StarterHelp())
}

// StarterHelp returns the names of all Starters in a sentence.
func StarterHelp() string {
	var names []string
	for _, s := range Starters[1:] {
		names = append(names, string(s))
	}
	return fmt.Sprintf("%s (-nnp is with noNewPrivileges), or %s of them, the default", strings.Join(names, ", "), Starters[0])
}

// writeStarterTable writes the table of docs/syscalls.md.
func writeStarterTable(w io.Writer) {
	columns := Starters[1:] // but for any, which is their union
	fmt.Fprint(w, "| calls | why |")
	for _, s := range columns {
		fmt.Fprintf(w, " `%s` |", s)
	}
	fmt.Fprintf(w, "\n|---|---|%s\n", strings.Repeat(":-:|", len(columns)))
	for _, row := range startCalls {
		fmt.Fprintf(w, "| `%s` | %s |", strings.ReplaceAll(row.calls, " ", "` `"), row.why)
		for _, s := range columns {
			mark := " "
			if slices.Contains(row.by, s) {
				mark = " ✓ "
			}
			fmt.Fprintf(w, "%s|", mark)
		}
		fmt.Fprintln(w)
	}
}
