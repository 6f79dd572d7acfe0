// Golink links Go programs into static Linux ELF files without a C toolchain.
//
// Usage:
//
//	golink build [flags] [packages]  build programs by the go command, without Bazel
//	golink toolexec [flags] tool…    be the -toolexec program of the go command
//	golink link [flags]              link a compiled main package
//	golink asm [flags] file.o…       link bare assembly, without the Go runtime
//	golink direct [flags] main.a     link a main package without the Go SDK's linker
//	golink -flag…                    be the external linker (-extld) of the Go linker
//
// Run a command with -h for its flags. An argument "@FILE" is replaced by the
// arguments in FILE (package params).
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/gobuild"
	"github.com/go3s/rules_go3s/internal/link/extld"
	"github.com/go3s/rules_go3s/internal/params"
)

// A command is one thing that golink can do.
type command struct {
	name  string
	usage string // the arguments
	what  string
	run   func(args []string) error
}

var commands = []command{
	{"build", "[-o output] [build flags] [packages]", "build programs by the go command, without Bazel", runBuild},
	{"toolexec", "[flags] tool…", "be the -toolexec program of the go command: go build -toolexec='golink toolexec [flags]' …", runToolexec},
	{"link", "[flags]", "link a compiled main package", runLink},
	{"asm", "[flags] file.o…", "link bare assembly, objects of go tool asm, without the Go runtime", runAsm},
	{"direct", "[flags] main.a", "link a main package without the Go SDK's linker: what go tool link -s -w makes", runDirect},
}

// tool describes golink.
func tool() *cli.Tool {
	t := &cli.Tool{
		Name: "golink", What: "link Go programs into static Linux ELF files without a C toolchain",
		Exit: []string{"all went well", "something was refused or failed; the go command's own status with golink build and toolexec"},
	}
	for _, c := range commands {
		t.Commands = append(t.Commands, cli.Command{Name: c.name, Usage: c.usage, What: c.what, Flags: cli.FlagsOf(c.run)})
	}
	t.Commands[0].Before, t.Commands[0].After = gobuild.Before, gobuild.After
	return t
}

// gcBelow is the size of memory, in bytes, up to which golink does without garbage
// collection: it makes hardly any garbage.
const gcBelow = 1 << 30

func main() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(gcBelow)
	args, err := params.Expand(os.Args[1:])
	if err == nil {
		err = run(args)
	}
	status, silent := exitStatus(err)
	if !silent {
		fmt.Fprintf(os.Stderr, "golink: %v\n", err)
	}
	os.Exit(status)
}

// parse parses the flags of a command, which come before its other arguments.
func parse(fs *flag.FlagSet, args []string) error {
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return cli.Help{Flags: fs}
	case err != nil:
		return fmt.Errorf("%s: %w", fs.Name(), err)
	}
	return nil
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("no command; see golink -h")
	}
	if len(args) == 1 { // a link does without a description of all commands
		if done, err := tool().Describe(os.Stdout, args); done {
			return err
		}
	}
	switch {
	case isHelp(args[0]) || args[0] == "help":
		tool().WriteHelp(os.Stdout, "")
		return nil
	case strings.HasPrefix(args[0], "-"):
		return extld.Run(args)
	}
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == args[0] })
	if i < 0 {
		return fmt.Errorf("unknown command %q; see golink -h", args[0])
	}
	err := commands[i].run(args[1:])
	if help, ok := errors.AsType[cli.Help](err); ok {
		tool().WriteHelp(os.Stdout, help.Flags.Name())
	}
	return err
}
