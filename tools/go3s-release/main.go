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

	"github.com/go3s/rules_go3s/internal/cli"
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
	if help, ok := errors.AsType[cli.Help](err); ok {
		tool().WriteHelp(e.stdout, help.Flags.Name())
	}
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
	if done, err := tool().Describe(e.stdout, args); done {
		return accepted, err
	}
	if len(args) == 0 || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		tool().WriteHelp(e.stdout, "")
		return 0, flag.ErrHelp
	}
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		return 0, fmt.Errorf("%q is no command; see go3s-release -h", args[0])
	}
	return commands[i].run(e, args[1:])
}

// parse parses flags before, between and after the other arguments, which it returns.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	rest, err := cli.Parse(fs, args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		err = fmt.Errorf("%w; see go3s-release %s -h", err, fs.Name())
	}
	return rest, err
}

// tool describes go3s-release.
func tool() *cli.Tool {
	t := &cli.Tool{
		Name: "go3s-release", What: "make, check and publish releases of Go programs",
		Exit: []string{"all is well", "a release is refused or differs", "arguments or files cannot be used"},
	}
	for _, c := range commands {
		t.Commands = append(t.Commands, cli.Command{Name: c.name, Usage: c.usage, What: c.what,
			Flags: cli.FlagsOf(func(args []string) error { _, err := c.run(env{}, args); return err })})
	}
	return t
}
