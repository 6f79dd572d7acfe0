package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"github.com/go3s/rules_go3s/internal/params"
)

// Exit statuses of a Program.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// A Program is a tool of subcommands, each with flags of its own.
type Program struct {
	Name     string
	What     string // what it does, as in Tool
	Failed   string // when it ends with ExitFailed: "a file was refused"
	Commands []Subcommand
	Guard    func(run func() error) error // calls a subcommand, and may make errors of its panics; nil for none
}

// A Subcommand defines its flags and returns what it does once they are parsed.
type Subcommand struct {
	Name  string
	Usage string // the arguments
	What  string // what it does, as in Command; "" for one that users do not start
	Files int    // how many arguments there are besides flags; AnyFiles leaves that to the command
	Flags func(fs *flag.FlagSet) func(*Call) error
}

// AnyFiles lets a subcommand have any number of arguments.
const AnyFiles = -1

// A Call is how a subcommand was started.
type Call struct {
	Args   []string // after its name, with those of parameter files
	Files  []string // the arguments that are no flags
	Stdout io.Writer
}

// A usageError is about the command line.
type usageError struct{ error }

// Usagef returns an error about the command line, after which Run returns ExitUsage.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Run runs the subcommand that args name, with "@FILE" replaced by the arguments in FILE (package params), and returns the exit status.
// Help, completion and the manual page are printed to stdout, errors to stderr.
func (p *Program) Run(args []string, stdout, stderr io.Writer) int {
	err := p.dispatch(args, stdout)
	if err == nil {
		return ExitOK
	}
	fmt.Fprintf(stderr, "%s: %v\n", p.Name, err)
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(stderr, "Try \"%s -h\".\n", p.Name)
		return ExitUsage
	}
	return ExitFailed
}

func (p *Program) dispatch(args []string, stdout io.Writer) error {
	args, err := params.Expand(args)
	if err != nil {
		return usageError{err}
	}
	if done, err := p.Tool().Describe(stdout, args); err != nil {
		return usageError{err}
	} else if done {
		return nil
	}
	if len(args) == 0 {
		return Usagef("no command")
	}
	if slices.Contains([]string{"-h", "-help", "--help", "help"}, args[0]) {
		p.Tool().WriteHelp(stdout, "")
		return nil
	}
	i := slices.IndexFunc(p.Commands, func(c Subcommand) bool { return c.Name == args[0] })
	if i < 0 {
		return Usagef("no command %q", args[0])
	}
	c := &p.Commands[i]
	fs := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	run := c.Flags(fs)
	files, err := Parse(fs, args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		p.Tool().WriteHelp(stdout, c.Name)
		return nil
	case err != nil:
		return Usagef("%s: %w", c.Name, err)
	case c.Files != AnyFiles && len(files) != c.Files:
		return Usagef("%s: %d files, want %d: %s %s %s", c.Name, len(files), c.Files, p.Name, c.Name, c.Usage)
	}
	call := func() error { return run(&Call{args[1:], files, stdout}) }
	if p.Guard != nil {
		return p.Guard(call)
	}
	return call()
}

// Tool describes the program.
func (p *Program) Tool() *Tool {
	t := &Tool{Name: p.Name, What: p.What, Exit: []string{"all went well", p.Failed, "the command line is wrong"}}
	for _, c := range p.Commands {
		if c.What == "" {
			continue
		}
		fs := flag.NewFlagSet(c.Name, flag.ContinueOnError)
		c.Flags(fs)
		t.Commands = append(t.Commands, Command{Name: c.Name, Usage: c.Usage, What: c.What, Flags: Flags(fs)})
	}
	return t
}
