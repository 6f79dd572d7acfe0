// Elfstrip removes symbols and debug information from ELF executables. Package
// strip says what goes, what stays and why; run "elfstrip --help" for options.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/machine"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/params"
	"github.com/go3s/rules_go3s/internal/strip"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	if done, err := tool().Describe(stdout, args); done {
		if err != nil {
			fmt.Fprintf(stderr, "elfstrip: %v\n", err)
			return exitUsage
		}
		return exitOK
	}
	c, err := readArgs(args)
	if err != nil {
		fmt.Fprintf(stderr, "elfstrip: %v\nTry \"elfstrip --help\".\n", err)
		return exitUsage
	}
	switch {
	case c.help:
		tool().WriteHelp(stdout, "")
		return exitOK
	case c.info:
		for _, m := range machine.All {
			fmt.Fprintln(stdout, m.BFD)
		}
		return exitOK
	case c.version:
		fmt.Fprintf(stdout, "elfstrip %s\n", version())
		return exitOK
	}
	if c.debugLink != "" {
		if c.options.DebugLink, err = strip.NewDebugLink(c.debugLink); err != nil {
			fmt.Fprintf(stderr, "elfstrip: --add-gnu-debuglink: %v\n", err)
			return exitFailed
		}
	}
	code := exitOK
	for _, file := range c.files {
		progress := cli.StartProgress(stderr, c.quiet, func() string { return fmt.Sprintf("elfstrip: %s: %s", file, c.task()) })
		var said, notes bytes.Buffer // for after the progress
		err := elf.Guard(func() error { return stripFile(c, file, &said, &notes) })
		if fault, ok := errors.AsType[*elf.Fault](err); ok {
			err = changed(file, fault)
		}
		progress.Stop()
		stderr.Write(notes.Bytes())
		stdout.Write(said.Bytes())
		if err != nil {
			fmt.Fprintf(stderr, "elfstrip: %v\n", err)
			code = exitFailed
		}
	}
	return code
}

// changed returns the error for a file that something else wrote to. err says more, if it is not nil.
func changed(file string, err error) error {
	return fmt.Errorf("%s: changed while it was read (%v). Run elfstrip again when nothing writes to it", file, err)
}

// task says what takes time.
func (c *config) task() string {
	switch {
	case c.unpack:
		return "unpacking"
	case c.pack:
		return "packing"
	}
	return "stripping"
}

func readArgs(args []string) (*config, error) {
	args, err := params.Expand(args)
	if err != nil {
		return nil, err
	}
	return parseArgs(args)
}

// version returns the module's version, if the build recorded one.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// transform returns the size in bytes of what the options make of f, whose file is
// input, and a function that writes it.
func transform(c *config, f *elf.File, input *os.File, outputs *atomicfile.Batch, stderr io.Writer) (size uint64,
	write func(io.Writer) error, err error) {
	if c.unpack {
		original, err := pack.Unpack(f)
		if err != nil {
			return 0, nil, err
		}
		return uint64(len(original.Data)), func(w io.Writer) error {
			defer original.Close()
			return writer(original.Data)(w)
		}, nil
	}
	contents := io.ReaderAt(input)
	if c.traceback != nil {
		if f, err = compact(c, f, outputs, stderr); err != nil {
			return 0, nil, err
		}
		contents = bytes.NewReader(f.Data)
	}
	result, err := strip.Strip(f, &c.options)
	if err != nil {
		return 0, nil, err
	}
	write = func(w io.Writer) error { return result.Write(w, contents) }
	if !c.pack {
		return result.Size, write, nil
	}
	var stripped bytes.Buffer
	stripped.Grow(int(result.Size))
	if err := write(&stripped); err != nil {
		return 0, nil, err
	}
	g, err := elf.Parse(f.Name, stripped.Bytes())
	if err != nil {
		return 0, nil, err
	}
	data, err := pack.Pack(g)
	return uint64(len(data)), writer(data), err
}

// writer returns a function that writes data.
func writer(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// stripFile strips one file. Its output is written whole or not at all.
func stripFile(c *config, input string, stdout, stderr io.Writer) error {
	file, err := inputfile.Open(input)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	output := c.output
	if output == "" {
		// Replace what a symbolic link points to, not the link.
		if output, err = filepath.EvalSymlinks(input); err != nil {
			return err
		}
	}

	f, err := elf.Map(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := checkTargets(c, f); err != nil {
		return err
	}
	var outputs atomicfile.Batch
	defer outputs.Close()
	size, write, err := transform(c, f, file, &outputs, stderr)
	if err != nil {
		return err
	}
	if err := writeDumps(c, f, &outputs); err != nil {
		return err
	}
	var lost error
	if c.output != "" {
		err = outputs.WriteFunc(output, info.Mode(), write)
	} else {
		lost, err = outputs.Replace(output, info, write)
	}
	if err != nil {
		return err
	}
	if now, err := file.Stat(); err != nil || now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) {
		return changed(input, err)
	}
	if err := outputs.Commit(); err != nil {
		return err
	}
	if lost != nil {
		fmt.Fprintf(stderr, "elfstrip: warning: %v\n", lost)
	}
	if c.preserveDates && !atomicfile.IsSpecial(output) {
		if err := os.Chtimes(output, time.Time{}, info.ModTime()); err != nil {
			return err
		}
	}
	if c.verbose {
		fmt.Fprintf(stdout, "%s: %d bytes -> %s: %d bytes\n", input, len(f.Data), output, size)
	}
	return nil
}
