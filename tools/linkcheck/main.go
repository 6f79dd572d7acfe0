// Linkcheck proves properties of ELF executables: that they need nothing but a
// Linux kernel, that no C library is in them, that their memory is protected, that
// Go's own tables are sane, and what else a policy demands.
//
// Usage:
//
//	linkcheck [flags] FILE...                  check files
//	linkcheck verdict [flags] REPORT           pass or fail by a report written before
//	linkcheck explain RULE...                  say what a rule is about
//	linkcheck list [--format text|markdown]    list rules and profiles
//
// Run a command with -h for its flags. An argument "@FILE" stands for the lines
// of FILE, one argument a line.
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
	"runtime/debug"

	"github.com/go3s/rules_go3s/internal/params"
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
	colour         bool // stdout is a terminal that shows colours
}

// A command returns the exit status, or an error, which means unusable.
type command func(e env, args []string) (int, error)

var commands = map[string]command{
	"check":   runCheck, // the default: its name may be left out
	"verdict": runVerdict,
	"explain": runExplain,
	"list":    runList,
}

func main() {
	os.Exit(run(env{os.Stdout, os.Stderr, isTerminal(os.Stdout)}, os.Args[1:]))
}

func run(e env, args []string) (status int) {
	// A mapped file that another process cuts off makes its reader fault.
	debug.SetPanicOnFault(true)
	defer func() {
		if fault, ok := recover().(interface{ Addr() uintptr }); ok {
			fmt.Fprintf(e.stderr, "linkcheck: memory fault at %#x: an input file was cut off while it was read\n", fault.Addr())
			status = unusable
		}
	}()
	args, err := params.Expand(args)
	if err == nil {
		cmd := runCheck
		if len(args) > 0 && commands[args[0]] != nil {
			cmd, args = commands[args[0]], args[1:]
		}
		status, err = cmd(e, args)
	}
	if errors.Is(err, flag.ErrHelp) {
		return clean
	}
	if err != nil {
		fmt.Fprintf(e.stderr, "linkcheck: %v\n", err)
		return unusable
	}
	return status
}

// flagSet returns an empty set of flags for one command, named by its usage.
func flagSet(usage string) *flag.FlagSet {
	fs := flag.NewFlagSet(usage, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // run prints the error, once
	return fs
}

// parse parses flags before, between and after the other arguments, which it
// returns. After "--" all are other arguments. Asked for help it prints it and
// returns flag.ErrHelp.
func parse(e env, fs *flag.FlagSet, args []string) ([]string, error) {
	var rest []string
	for {
		before := len(args)
		switch err := fs.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			fmt.Fprintf(e.stdout, "usage: linkcheck %s\n", fs.Name())
			fs.SetOutput(e.stdout)
			fs.PrintDefaults()
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("%w; see linkcheck -h", err)
		}
		left := fs.Args()
		if used := before - len(left); used > 0 && args[used-1] == "--" || len(left) == 0 {
			return append(rest, left...), nil
		}
		rest, args = append(rest, left[0]), left[1:]
	}
}

// isTerminal reports whether f is a terminal that wants colours.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
