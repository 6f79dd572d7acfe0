package policy

import (
	"fmt"

	"github.com/go3s/rules_go3s/internal/syscalls"
)

var syscallsAllowed = Rule{
	ID:       "syscalls-allowed",
	What:     "The program can make no system calls but those that a list allows.",
	Why:      "What a program can ask of the kernel is the harm that it can do. A dependency that begins to start processes or to open sockets becomes somebody's decision.",
	Evidence: "Every instruction that enters the kernel and every number that can be there, followed through callers (docs/syscalls.md). Sites whose number the code does not tell must be accepted, too; in a stripped file there may be more of them. What the kernel does for a program that puts operations into a ring (io_uring_enter) is seen neither here nor by a seccomp filter.",
	Remedy:   "`linkcheck syscalls --json` shows who makes the call; drop that dependency, or add the call to the list.",
	Ref:      "the policy's syscalls",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if in.Syscalls == nil {
			return "no list of system calls is given"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		r, err := syscalls.Analyze(in.File, in.File.Name)
		if err != nil {
			return one("function table", "it cannot be read, so system calls cannot be judged: %v", in.reason(err))
		}
		d := in.Syscalls.Compare(r)
		var out collector
		for _, c := range d.Calls {
			if c.Implied != "" {
				out.add(c.Name, "it is not allowed, but %s", c.Implied)
			} else {
				out.add(c.Name, "it is not allowed, but %s makes it", clip(c.Sites[0].Function))
			}
		}
		for _, s := range d.Dynamic {
			out.add(clip(s.Function), "it makes a system call that is not known: %s", s.Reason)
		}
		return out
	},
}

// parseSyscalls reads the policy's syscalls: lines of a list of package syscalls.
func parseSyscalls(lines []string) (*syscalls.Allowed, error) {
	if lines == nil {
		return nil, nil
	}
	text := ""
	for _, line := range lines {
		text += line + "\n"
	}
	a, err := syscalls.ParseAllowed(text)
	if err != nil {
		return nil, fmt.Errorf("syscalls: %w", err)
	}
	return a, nil
}
