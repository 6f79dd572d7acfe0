// Uki makes what a machine boots: an initramfs with programs, a unified kernel image with it, and the image's signature for Secure Boot.
// docs/boot.md explains them.
//
// Usage:
//
//	uki COMMAND [flags] [IMAGE]
//
// The commands are those of the table below; uki -h prints them, and uki COMMAND -h the flags of one. An argument "@FILE" is replaced by
// the arguments in FILE (package params).
//
// The exit status is 0 when all went well, 1 when an input or a signature was refused, and 2 when the command line is wrong.
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

// A subcommand defines its flags and returns what to do with the image, which is "" for commands without one.
type subcommand struct {
	name  string
	usage string // the arguments
	what  string // what it does
	image bool   // whether it takes an image
	flags func(fs *flag.FlagSet) func(image string, stdout io.Writer) error
}

var commands = []subcommand{
	{"initramfs", "--program /init=FILE [flags] -o OUT", "write an initramfs", false, initramfsFlags},
	{"build", "--stub FILE --kernel FILE --initramfs FILE --cmdline TEXT --os-release FILE -o OUT", "make an unsigned image", false, buildFlags},
	{"sign", "--key FILE|pkcs11:URI | --command CMD --cert FILE -o OUT IMAGE", "sign the image, in place of other signatures", true, signFlags},
	{"digest", "-o OUT IMAGE", "write what a signature made elsewhere has to sign", true, digestFlags},
	{"attach", "--cert FILE --signature FILE -o OUT IMAGE", "add a signature made elsewhere", true, attachFlags},
	{"verify", "--trust FILE... IMAGE", "check all signatures, each of which must be by a trusted certificate", true, verifyFlags},
	{"show", "[--json] IMAGE", "list what is in the image", true, showFlags},
	{"extract", "--path /init -o OUT IMAGE", "write a file of the image's initramfs", true, extractFlags},
	{"sbom", "--name NAME --spdx OUT --cyclonedx OUT [flags] IMAGE", "list the modules of the programs in the image, or in an initramfs", true, sbomFlags},
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	err := dispatch(args, stdout)
	switch e := (usageError{}); {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &e):
		fmt.Fprintf(stderr, "uki: %v\nTry \"uki -h\".\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "uki: %v\n", err)
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
	want := 0
	if c.image {
		want = 1
	}
	images, err := cli.Parse(fs, args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		tool().WriteHelp(stdout, c.name)
		return nil
	case err != nil:
		return usagef("%s: %w", c.name, err)
	case len(images) != want:
		return usagef("%s: %d files, want %d: uki %s %s", c.name, len(images), want, c.name, c.usage)
	}
	return do(strings.Join(images, ""), stdout)
}

// tool describes uki.
func tool() *cli.Tool {
	t := &cli.Tool{
		Name: "uki", What: "make what a machine boots: initramfs, unified kernel image, and its signature",
		Exit: []string{"all went well", "an input or a signature was refused", "the command line is wrong"},
	}
	for _, c := range commands {
		fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
		c.flags(fs)
		t.Commands = append(t.Commands, cli.Command{Name: c.name, Usage: c.usage, What: c.what, Flags: cli.Flags(fs)})
	}
	return t
}
