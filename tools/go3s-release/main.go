// Go3s-release makes, checks and publishes releases of programs of rules_go3s (docs/releases.md).
//
// Usage:
//
//	go3s-release COMMAND [flags] ...
//
// The commands are those of the table below; go3s-release -h prints them, and go3s-release COMMAND -h the flags of one. An
// argument "@FILE" is replaced by the arguments in FILE (package params).
//
// The exit status is 0 when all is well, 1 when a release is refused or differs, and 2 when arguments or files cannot be used.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/go3s/rules_go3s/internal/params"
)

// Exit statuses.
const (
	accepted = 0
	refused  = 1
	unusable = 2
)

// An env is what a command may use of its process.
type env struct {
	stdout, stderr io.Writer
}

// A command is one thing that go3s-release can do. run returns the exit status, or an error, which means unusable.
type command struct {
	name  string
	usage string // the arguments
	what  string
	run   func(e env, args []string) (int, error)
}

var commands []command

func init() { // not in the declaration: help refers to the table
	commands = []command{
		{"verify", "--key=FILE DIR", "check a release: sums, signatures, and what it says of its programs", runVerify},
		{"rebuild", "[--diffoscope=HTML] DIR OWN", "compare a release with your own build of it", runRebuild},
		{"sign", "--key=FILE DIR", "sign a release", runSign},
		{"publish", "[flags] DIR", "copy a release to a folder, and its image to a registry", runPublish},
		{"build", "--plan=JSON -o DIR ID FILE…", "make a release; what the rule go_release runs", runBuild},
	}
}

func main() { os.Exit(run(env{os.Stdout, os.Stderr}, os.Args[1:])) }

func run(e env, args []string) int {
	status, err := dispatch(e, args)
	if errors.Is(err, flag.ErrHelp) {
		return accepted
	}
	if err != nil {
		fmt.Fprintf(e.stderr, "go3s-release: %v\n", err)
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
	if len(args) == 0 || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprintln(e.stdout, "usage:")
		for _, c := range commands {
			fmt.Fprintf(e.stdout, "  go3s-release %-50s %s\n", c.name+" "+c.usage, c.what)
		}
		return 0, flag.ErrHelp
	}
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		return 0, fmt.Errorf("%q is no command; see go3s-release -h", args[0])
	}
	return commands[i].run(e, args[1:])
}

// parse parses flags before, between and after the other arguments, which it returns. After "--" all are other arguments.
func parse(e env, fs *flag.FlagSet, args []string) ([]string, error) {
	fs.SetOutput(io.Discard) // run prints the error, once
	var rest []string
	for {
		before := len(args)
		switch err := fs.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			i := slices.IndexFunc(commands, func(c command) bool { return c.name == fs.Name() })
			fmt.Fprintf(e.stdout, "usage: go3s-release %s %s\n", commands[i].name, commands[i].usage)
			fs.SetOutput(e.stdout)
			fs.PrintDefaults()
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("%w; see go3s-release %s -h", err, fs.Name())
		}
		left := fs.Args()
		if used := before - len(left); used > 0 && args[used-1] == "--" || len(left) == 0 {
			return append(rest, left...), nil
		}
		rest, args = append(rest, left[0]), left[1:]
	}
}
