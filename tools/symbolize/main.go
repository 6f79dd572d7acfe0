// Symbolize puts names, files, lines and inlined calls back into the tracebacks
// and profiles of programs made with elfstrip --traceback=external. Run
// "symbolize --help" for its usage; docs/traceback.md explains more.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/symbolize"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const usage = `Usage: symbolize --symbols=FILE [-o FILE] [LOG]
Print the log, or standard input, with all tracebacks in it as the program would
have printed them with all of its tables. A profile (profile.proto) becomes a
profile with functions, files and lines.

`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("symbolize", flag.ContinueOnError)
	flags.SetOutput(stderr)
	side := flags.String("symbols", "", "side file that elfstrip --symbols-file wrote with the program")
	var unverified goabi.Unverified
	flags.Var(&unverified, goabi.UnverifiedFlag, goabi.UnverifiedUsage)
	output := flags.String("o", "", "write to this file instead of standard output")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
		fmt.Fprint(stderr, "\nExit status: 0 if all went well, 1 if the input was refused or could not be read\nor written, 2 if the command line is wrong.\n")
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	case *side == "" || flags.NArg() > 1:
		flags.Usage()
		return exitUsage
	}
	if err := symbolizeFile(*side, unverified, flags.Arg(0), *output, stdin, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "symbolize: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// maxStdin bounds what is read from standard input, which may have no end, in bytes.
const maxStdin = 32 << 20

func symbolizeFile(side string, unverified goabi.Unverified, log, output string, stdin io.Reader, stdout, stderr io.Writer) error {
	data, err := inputfile.Read(side, inputfile.Data)
	if err != nil {
		return err
	}
	symbols, err := pcln.ReadSymbols(side, data)
	if err != nil {
		return err
	}
	s, err := symbolize.New(symbols, unverified)
	if err != nil {
		return fmt.Errorf("%s: %w", side, err)
	}
	var input []byte
	if log == "" || log == "-" {
		log = "standard input"
		if input, err = inputfile.ReadStream(stdin, log, maxStdin); err != nil {
			return fmt.Errorf("%w. Name a file that has it", err)
		}
	} else {
		input, err = inputfile.Read(log, inputfile.Data)
	}
	if err != nil {
		return err
	}
	var out []byte
	if symbolize.IsProfile(input) {
		out, err = s.Profile(input)
	} else {
		var frames int
		if out, frames, err = s.Text(input); err == nil && frames == 0 {
			fmt.Fprintf(stderr, "symbolize: %s: no frame of a program made with --traceback=external\n", log)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", log, err)
	}
	if output != "" {
		return atomicfile.Write(output, 0o644, out)
	}
	_, err = stdout.Write(out)
	return err
}
