// Golink links Go programs into static Linux ELF files without a C toolchain.
//
// Usage:
//
//	golink build [flags] [packages]  build programs by the go command, without Bazel
//	golink toolexec [flags] tool…    be the -toolexec program of the go command
//	golink link [flags]              link a main package by the Go SDK's linker
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
	"strings"

	"github.com/go3s/rules_go3s/internal/link/extld"
	"github.com/go3s/rules_go3s/internal/params"
)

var commands = map[string]func(args []string) error{
	"build":    runBuild,
	"toolexec": runToolexec,
	"link":     runLink,
	"asm":      runAsm,
	"direct":   runDirect,
}

const usage = `usage: golink build [flags] [packages]   build programs by the go command, without Bazel
       golink toolexec [flags] tool…     be the -toolexec program of the go command
       golink link [flags]               link a compiled main package
       golink asm [flags] file.o…        link bare assembly, without the Go runtime
       golink direct [flags] main.a      link a main package without the Go SDK's linker
Run a command with -h for its flags.`

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

// parse parses the flags of a command. A wrong flag gives an error only; -h prints
// the usage.
func parse(fs *flag.FlagSet, args []string) error {
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fs.SetOutput(os.Stdout)
		fs.Usage()
	} else if err != nil {
		err = fmt.Errorf("%s: %w", fs.Name(), err)
	}
	return err
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func run(args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	switch {
	case isHelp(args[0]) || args[0] == "help":
		fmt.Println(usage)
		return flag.ErrHelp
	case strings.HasPrefix(args[0], "-"):
		return extld.Run(args)
	}
	cmd, ok := commands[args[0]]
	if !ok {
		return fmt.Errorf("unknown command %q\n%s", args[0], usage)
	}
	return cmd(args[1:])
}
