package main

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

// gcPercent makes garbage collection rare while tables are made: an eighth less CPU time for half more memory, 97 MB
// for a program of 8 MB.
const gcPercent = 400

// compact returns the program f with smaller tables, and adds the side file of
// the tier External to outputs. It warns of a Go release that was not verified and is let through.
func compact(c *config, f *elf.File, outputs *atomicfile.Batch, stderr io.Writer) (*elf.File, error) {
	info, err := gobin.ReadBuildInfo(f)
	if err != nil {
		return nil, err
	}
	unverified := c.unverifiedGo
	if c.sdkVerdict != "" {
		warning, err := sdkcheck.CheckFile(c.sdkVerdict, f.Name, info.GoVersion, *c.traceback != pcln.Full, c.unverifiedGo)
		if err != nil {
			return nil, err
		}
		if warning != "" {
			fmt.Fprintf(stderr, "elfstrip: warning: %s\n", warning)
		} else {
			unverified = goabi.Warn // what is no release, or was built with a GOEXPERIMENT, counts as verified by its sources
		}
	} else if _, problem, _ := goabi.Linked(info.GoVersion, unverified); problem != nil {
		fmt.Fprintf(stderr, "elfstrip: warning: %s: %v\n", f.Name, problem)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	data, symbols, err := pcln.Compact(f, *c.traceback, unverified)
	if err != nil {
		return nil, err
	}
	if symbols != nil {
		side, err := symbols.Encode()
		if err != nil {
			return nil, err
		}
		if err := outputs.Write(c.symbolsFile, 0o644, side); err != nil {
			return nil, err
		}
	}
	return elf.Parse(f.Name, data)
}

// checkTraceback checks the options for tracebacks against the others.
func (c *config) checkTraceback() error {
	external := c.traceback != nil && *c.traceback == pcln.External
	switch {
	case c.traceback != nil && c.unpack:
		return errors.New("--unpack gives back what was packed: it cannot be combined with --traceback")
	case c.traceback != nil && c.options.OnlyKeepDebug:
		return errors.New("--only-keep-debug keeps all tables: it cannot be combined with --traceback")
	case c.symbolsFile != "" && !external:
		return fmt.Errorf("--symbols-file is for --traceback=%v, where names are taken out", pcln.External)
	case external && c.symbolsFile == "":
		return fmt.Errorf("--traceback=%v needs --symbols-file: without the file no traceback can be read", pcln.External)
	case external && len(c.files) > 1:
		return fmt.Errorf("--symbols-file names one file, but there are %d input files", len(c.files))
	}
	if external && c.options.AddGoFunc {
		return fmt.Errorf("--keep-govulncheck gives access to what --traceback=%v takes out: use one of both", pcln.External)
	}
	if external {
		// Without inline trees govulncheck would take the program for one that
		// calls nothing; without the symbol it says that it does not know.
		c.options.DropGoFunc = true
	}
	return nil
}
