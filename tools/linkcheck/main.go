// Linkcheck proves properties of ELF executables: that they need nothing but a
// Linux kernel, that no C library is in them, that their memory is protected, that
// Go's own tables are sane, and what else a policy demands.
//
// Usage:
//
//	linkcheck [check] [flags] FILE...
//	linkcheck COMMAND [flags] ...
//
// The commands are those of the table below; linkcheck -h prints them, and
// linkcheck COMMAND -h the flags of one. An argument "@FILE" is replaced by the
// arguments in FILE (package params).
//
// The exit status is 0 when there is no error among the findings, 1 when there
// is one, and 2 when the arguments, a policy, a report or a file cannot be used.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/params"
	"github.com/go3s/rules_go3s/internal/policy"
)

// Exit statuses.
const (
	clean    = 0
	findings = 1
	unusable = 2
)

// An env is what a command may use of its process.
type env struct {
	stdout, stderr io.Writer
}

// A command returns the exit status, or an error, which means unusable.
type command func(e env, args []string) (int, error)

// commands are what linkcheck can do. The first one's name may be left out.
var commands []subcommand

type subcommand struct {
	name  string
	usage string // the arguments
	what  string // what it does, for the list of commands
	run   command
}

func init() { // not in the declaration: help refers to the table
	commands = []subcommand{
		{"check", "[flags] FILE|DIR...", "check files, and the executables in directories", runCheck},
		{"compare", "[flags] FILE FILE [FILE]", "find what differs between the builds of one program for several architectures", runCompare},
		{"verdict", "[--touch OUT] [--allowed LIST --syscalls REPORT] REPORT...", "pass or fail by JSON reports written before", runVerdict},
		{"merge", "[flags] REPORT...", "make one report of several", runMerge},
		{"packages", "[--standard LIST] FILE...", "list what the packages of a program import, from their export data", runPackages},
		{"sizes", "[flags] NAME=FILE...", "measure files by section and package, keep a budget, and say what every byte is for", runSizes},
		{"explain", "RULE...", "say what a rule is about", runExplain},
		{"syscalls", "[--json|--seccomp [--seccomp-for STARTER]|--list] [--allowed LIST] FILE...|--report REPORT", "say which system calls a program can make", runSyscalls},
		{"fips", "[--symbols FILE] [-o FILE] FILE", "say which FIPS 140-3 module is in a program, and what is known of its validation", runFIPS},
		{"stdtable", "[-o FILE] GOROOT...", "write what in a Go SDK's standard library depends on the architecture, for compare", runStdTable},
		{"sdkcheck", "[flags] GOROOT", "say whether a Go SDK is, in what the tools depend on, as the verified releases are", runSDKCheck},
		{"sdkdiff", "OLD NEW", "list what one Go SDK changes, against another, of what the tools depend on", runSDKDiff},
		{"list", "[--format text|markdown]", "list rules and profiles", runList},
	}
}

func main() {
	os.Exit(run(env{os.Stdout, os.Stderr}, os.Args[1:]))
}

func run(e env, args []string) int {
	var status int
	err := elf.Guard(func() (err error) {
		status, err = dispatch(e, args)
		return err
	})
	if help, ok := errors.AsType[cli.Help](err); ok {
		name := help.Flags.Name()
		if len(args) == 1 {
			name = "" // linkcheck -h is about all commands
		}
		tool().WriteHelp(e.stdout, name)
		return clean
	}
	if err != nil {
		fmt.Fprintf(e.stderr, "linkcheck: %v\n", err)
		return unusable
	}
	return status
}

// dispatch calls the command that args name.
func dispatch(e env, args []string) (int, error) {
	args, err := params.Expand(args)
	if err != nil {
		return 0, err
	}
	if len(args) == 1 && strings.HasPrefix(args[0], "--") {
		if done, err := tool().Describe(e.stdout, args); done {
			return clean, err
		}
	}
	cmd := commands[0]
	if len(args) > 0 {
		if i := slices.IndexFunc(commands, func(c subcommand) bool { return c.name == args[0] }); i >= 0 {
			cmd, args = commands[i], args[1:]
		}
	}
	return cmd.run(e, args)
}

// flagSet returns an empty set of flags for the command of that name.
func flagSet(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ContinueOnError) }

// parse parses flags before, between and after the other arguments, which it returns.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	rest, err := cli.Parse(fs, args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		err = fmt.Errorf("%w; see linkcheck -h", err)
	}
	return rest, err
}

// tool describes linkcheck.
func tool() *cli.Tool {
	t := &cli.Tool{
		Name: "linkcheck", What: "prove properties of ELF executables", Default: true,
		Exit: []string{"no error is among the findings", "an error is among the findings", "arguments, a policy, a report or a file cannot be used"},
	}
	for _, c := range commands {
		t.Commands = append(t.Commands, cli.Command{Name: c.name, Usage: c.usage, What: c.what,
			Flags: cli.FlagsOf(func(args []string) error { _, err := c.run(env{}, args); return err })})
	}
	for i := range t.Commands {
		if t.Commands[i].Name == "explain" {
			for _, r := range policy.Rules() {
				t.Commands[i].Words = append(t.Commands[i].Words, r.ID)
			}
		}
	}
	return t
}
