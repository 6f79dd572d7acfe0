// Elfsign signs ELF executables and verifies their signatures. Package elfsign and docs/signing.md say what a signature covers.
//
// Usage:
//
//	elfsign COMMAND [flags] FILE
//
// The commands are those of the table below; elfsign -h prints them, and elfsign COMMAND -h the flags of one. An argument "@FILE" is
// replaced by the arguments in FILE (package params).
//
// The exit status is 0 when all went well, 1 when a signature or an input was refused, and 2 when the command line is wrong.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
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

// usageIf makes a usageError of an error.
func usageIf(err error) error {
	if err != nil {
		return usageError{err}
	}
	return nil
}

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// A subcommand defines its flags and returns what to do with the file.
type subcommand struct {
	name  string
	usage string // the arguments
	what  string // what it does
	flags func(fs *flag.FlagSet) func(file string, stdout io.Writer) error
}

var commands = []subcommand{
	{"sign", "--key FILE|pkcs11:URI | --command CMD [flags] FILE", "add a signature, in place of any by the same key", signFlags},
	{"verify", "--trust FILE... [flags] FILE", "check all signatures, of which one must be by a trusted key", verifyFlags},
	{"show", "[--json] FILE", "list the signatures, checked as far as they name their key", showFlags},
	{"strip-signature", "[-o OUT] FILE", "restore the file from before it was signed", stripFlags},
	{"digest", "[flags] FILE", "write what a signature made elsewhere has to sign", digestFlags},
	{"attach", "--trust FILE... --signature FILE... [-o OUT] FILE", "add signatures made elsewhere", attachFlags},
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	err := guard(func() error { return dispatch(args, stdout) })
	switch e := (usageError{}); {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &e):
		fmt.Fprintf(stderr, "elfsign: %v\nTry \"elfsign -h\".\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "elfsign: %v\n", err)
	return exitFailed
}

// guard calls f and makes an error of the fault that reading a mapped file gives when another process cuts the file off.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = fmt.Errorf("memory fault at %#x: the file was cut off while it was read", r.Addr())
		default:
			panic(r)
		}
	}()
	return f()
}

func dispatch(args []string, stdout io.Writer) error {
	args, err := params.Expand(args)
	if err != nil {
		return usageError{err}
	}
	if done, err := tool().Describe(stdout, args); done {
		return usageIf(err)
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
	files, err := cli.Parse(fs, args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		tool().WriteHelp(stdout, c.name)
		return nil
	case err != nil:
		return usagef("%s: %w", c.name, err)
	case len(files) != 1:
		return usagef("%s: %d files, want one: elfsign %s %s", c.name, len(files), c.name, c.usage)
	}
	return do(files[0], stdout)
}

// tool describes elfsign.
func tool() *cli.Tool {
	t := &cli.Tool{
		Name: "elfsign", What: "sign ELF executables and verify their signatures",
		Exit: []string{"all went well", "a signature or an input was refused", "the command line is wrong"},
	}
	for _, c := range commands {
		fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
		c.flags(fs)
		t.Commands = append(t.Commands, cli.Command{Name: c.name, Usage: c.usage, What: c.what, Flags: cli.Flags(fs)})
	}
	return t
}
