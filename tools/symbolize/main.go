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
	"github.com/go3s/rules_go3s/internal/cli"
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

const before = `Print the log, or standard input, with all tracebacks in it as the program would
have printed them with all of its tables. A profile (profile.proto) becomes a
profile with functions, files and lines.`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("symbolize", flag.ContinueOnError)
	side := flags.String("symbols", "", "side `file` that elfstrip --symbols-file wrote with the program")
	var unverified goabi.Unverified
	flags.Var(&unverified, goabi.UnverifiedFlag, goabi.UnverifiedUsage)
	output := flags.String("o", "", "write to this `file` instead of standard output")
	quiet := flags.Bool("quiet", false, "do not say that no frame was found")
	tool := &cli.Tool{
		Name: "symbolize", What: "put names back into tracebacks and profiles",
		Commands: []cli.Command{{Usage: "--symbols=FILE [-o FILE] [LOG]", What: "put names back into tracebacks and profiles", Before: before,
			Flags: cli.Flags(flags)}},
		Exit: []string{"all went well", "the input was refused, or could not be read or written", "the command line is wrong"},
	}
	done, err := tool.Describe(stdout, args)
	if done {
		return status(stderr, err, exitUsage)
	}
	logs, err := cli.Parse(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		tool.WriteHelp(stdout, "")
		return exitOK
	case err != nil:
		return status(stderr, fmt.Errorf("%w; see symbolize -h", err), exitUsage)
	case *side == "" || len(logs) > 1:
		tool.WriteHelp(stderr, "")
		return exitUsage
	}
	log := ""
	if len(logs) == 1 {
		log = logs[0]
	}
	notes := stderr
	if *quiet {
		notes = io.Discard
	}
	return status(stderr, symbolizeFile(*side, unverified, log, *output, stdin, stdout, notes), exitFailed)
}

// status returns the exit status for an error, which it prints: failed, or exitOK if there is none.
func status(stderr io.Writer, err error, failed int) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "symbolize: %v\n", err)
	return failed
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
