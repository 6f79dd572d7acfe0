// Elfstrip removes symbols and debug information from ELF executables. Package
// strip says what goes, what stays and why; run "elfstrip --help" for options.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/elf"
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
	c, err := readArgs(args)
	if err != nil {
		fmt.Fprintf(stderr, "elfstrip: %v\nTry \"elfstrip --help\".\n", err)
		return exitUsage
	}
	switch {
	case c.help:
		writeHelp(stdout)
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
		err := guardFaults(file, func() error { return stripFile(c, file, stdout) })
		if err != nil {
			fmt.Fprintf(stderr, "elfstrip: %v\n", err)
			code = exitFailed
		}
	}
	return code
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

// stripFile strips one file. Its output is written whole or not at all.
func stripFile(c *config, input string, stdout io.Writer) error {
	file, err := os.Open(input)
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
	} else if o, err := os.Stat(output); err == nil && !o.Mode().IsRegular() {
		return fmt.Errorf("%s: is %v, want a regular file or none: output is written by renaming", output, o.Mode().Type())
	}

	f, err := elf.Map(file)
	if err != nil {
		return err
	}
	defer f.Close()
	result, err := strip.Strip(f, &c.options)
	if err != nil {
		return err
	}
	err = atomicfile.WriteFunc(output, info.Mode(), func(w io.Writer) error { return result.Write(w, file) })
	if err != nil {
		return err
	}
	if c.preserveDates {
		if err := os.Chtimes(output, time.Time{}, info.ModTime()); err != nil {
			return err
		}
	}
	if c.verbose {
		fmt.Fprintf(stdout, "%s: %d bytes -> %s: %d bytes\n", input, len(f.Data), output, result.Size)
	}
	return nil
}
