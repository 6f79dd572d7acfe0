// Package cli has what the command lines of the tools have in common: one description of a tool, of which its help, its completion by
// bash, zsh and fish and its manual page are made. Flags are those of package flag, or of a table of the tool's own. A [Program] is a tool
// that only dispatches to subcommands; the others start their commands themselves.
//
// # One source
//
// A command declares its flags in a flag.FlagSet and gives that to [Parse], which returns a [Help] for "-h". [FlagsOf] asks a command for
// its help, so that what is shown, completed and printed is what is parsed.
package cli

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Tool is a program.
type Tool struct {
	Name     string
	What     string    // what it does: "link Go programs"
	Commands []Command // a tool without commands has one that has no name
	Default  bool      // the name of the first command may be left out
	Exit     []string  // what the exit statuses mean, from 0 on
}

// A Command is a part of a tool with a name and flags of its own.
type Command struct {
	Name   string
	Usage  string // the arguments: "[flags] FILE..."
	What   string // what it does, in a line without a period
	Before string // more about it, before the flags; lines that begin with a tab are shown as they are
	After  string // the same, after the flags
	Flags  []Flag
	Words  []string // what an argument can be, if not a file
}

// A Flag is an option.
type Flag struct {
	Names  []string // with their dashes
	Arg    string   // what its argument is called; "" for none
	Help   string
	Values []string // what the argument can be, if those are few
}

// Flags of every tool, by which it describes itself.
const (
	completionFlag = "--completion="
	manFlag        = "--man"
)

// shells has the maker of a completion script for each shell.
var shells = map[string]func(*Tool) string{"bash": bash, "fish": fish, "zsh": zsh}

// Describe writes the completion script or the manual page if args ask for it: "--completion=SHELL" or "--man" alone. It reports whether
// they do. The error is about an unknown shell, or w.
func (t *Tool) Describe(w io.Writer, args []string) (bool, error) {
	if len(args) != 1 {
		return false, nil
	}
	text := ""
	if shell, ok := strings.CutPrefix(args[0], completionFlag); ok {
		script := shells[shell]
		if script == nil {
			return true, fmt.Errorf("%s: want bash, zsh or fish", args[0])
		}
		text = script(t)
	} else if args[0] == manFlag {
		text = man(t)
	} else {
		return false, nil
	}
	_, err := io.WriteString(w, text)
	return true, err
}

// A Help is the error for "-h". errors.Is(err, flag.ErrHelp) holds.
type Help struct{ Flags *flag.FlagSet }

func (h Help) Error() string { return "help is wanted for " + h.Flags.Name() }
func (h Help) Unwrap() error { return flag.ErrHelp }

// Parse parses flags before, between and after the other arguments, which it returns. After "--" all are other arguments. For "-h" it
// returns a Help. It prints nothing.
func Parse(fs *flag.FlagSet, args []string) ([]string, error) {
	fs.SetOutput(io.Discard)
	var rest []string
	for {
		before := len(args)
		switch err := fs.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			return nil, Help{fs}
		case err != nil:
			return nil, err
		}
		left := fs.Args()
		if used := before - len(left); used > 0 && args[used-1] == "--" || len(left) == 0 {
			return append(rest, left...), nil
		}
		rest, args = append(rest, left[0]), left[1:]
	}
}

// FlagsOf returns the flags of a command, which run starts with arguments. It asks for help, and panics if it does not get a Help.
func FlagsOf(run func(args []string) error) []Flag {
	err := run([]string{"-h"})
	help, ok := errors.AsType[Help](err)
	if !ok {
		panic(fmt.Sprintf("a command answers -h by %v", err))
	}
	return Flags(help.Flags)
}

// Flags returns the flags of fs, by name.
func Flags(fs *flag.FlagSet) []Flag {
	var list []Flag
	fs.VisitAll(func(f *flag.Flag) {
		g := Flag{Names: []string{"-" + f.Name}}
		g.Arg, g.Help = flag.UnquoteUsage(f)
		if v, ok := f.Value.(interface{ Values() []string }); ok {
			g.Values = v.Values()
			g.Arg = cmp.Or(g.Arg, "value")
		}
		if !slices.Contains([]string{"", "[]", "false", "0"}, f.DefValue) {
			g.Help += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		list = append(list, g)
	})
	return list
}

// OneOf adds a flag to fs whose value, *p, is one of values.
func OneOf(fs *flag.FlagSet, p *string, name, usage string, values ...string) {
	fs.Var(&oneOf{p, values}, name, usage)
}

type oneOf struct {
	p      *string
	values []string
}

func (o *oneOf) String() string {
	if o.p == nil { // package flag makes one for comparison
		return ""
	}
	return *o.p
}

func (o *oneOf) Set(s string) error {
	if !slices.Contains(o.values, s) {
		return fmt.Errorf("want one of %q", o.values)
	}
	*o.p = s
	return nil
}

func (o *oneOf) Values() []string { return o.values }
