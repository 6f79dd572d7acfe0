//go:build linux

// Execguard lets only those files of a Linux system be executed that are signed by a trusted key (elfsign), or whose digest is on a list.
// Package execguard and docs/execguard.md say how, and what it does not see.
//
// Usage:
//
//	execguard run|check [flags]
//
// An argument "@FILE" is replaced by the arguments in FILE (package params), so that a file has the configuration.
//
// The exit status of check is 0 when all files may be executed, 1 when one may not or an input was refused, and 2 when the command line is
// wrong. Run ends with 0 after SIGTERM and SIGINT, and with 1 if it cannot guard.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/params"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// A usageError is about the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// A subcommand defines its flags and returns what to do with the arguments after them. The command line as it was expanded is args.
type subcommand struct {
	name  string
	usage string // the arguments
	what  string // what it does; empty for one that users do not start
	flags func(fs *flag.FlagSet) func(args, rest []string, stdout io.Writer) error
}

// workerCommand is how run starts its worker.
const workerCommand = "worker"

var commands = []subcommand{
	{"run", "[flags]", "refuse to execute what is neither signed nor on a list, until SIGTERM", runFlags},
	{"check", "[flags] FILE...", "say of files whether run would let them be executed", checkFlags},
	{workerCommand, "[flags]", "", workerFlags},
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	err := dispatch(args, stdout)
	switch e := (usageError{}); {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &e):
		fmt.Fprintf(stderr, "execguard: %v\nTry \"execguard -h\".\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "execguard: %v\n", err)
	return exitFailed
}

func dispatch(args []string, stdout io.Writer) error {
	args, err := params.Expand(args)
	if err != nil {
		return usageError{err}
	}
	if done, err := tool().Describe(stdout, args); done {
		if err != nil {
			return usageError{err}
		}
		return nil
	}
	if len(args) == 0 {
		return usagef("no command")
	}
	if slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]) {
		tool().WriteHelp(stdout, "")
		return nil
	}
	i := slices.IndexFunc(commands, func(c subcommand) bool { return c.name == args[0] })
	if i < 0 {
		return usagef("no command %q", args[0])
	}
	c := commands[i]
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	do := c.flags(fs)
	rest, err := cli.Parse(fs, args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		tool().WriteHelp(stdout, c.name)
		return nil
	case err != nil:
		return usagef("%s: %w", c.name, err)
	}
	return do(args[1:], rest, stdout)
}

// tool describes what users start.
func tool() *cli.Tool {
	t := &cli.Tool{
		Name: "execguard", What: "let only files be executed that are signed or on a list",
		Exit: []string{"all went well", "a file or an input was refused", "the command line is wrong"},
	}
	for _, c := range commands {
		if c.what != "" {
			fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
			c.flags(fs)
			t.Commands = append(t.Commands, cli.Command{Name: c.name, Usage: c.usage, What: c.what, Flags: cli.Flags(fs)})
		}
	}
	return t
}
