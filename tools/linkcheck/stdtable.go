package main

import (
	"errors"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/compare"
	"github.com/go3s/rules_go3s/internal/compare/stdtable"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

// runStdTable is "linkcheck stdtable": it writes what in the standard library of a Go SDK depends on the architecture.
func runStdTable(e env, args []string) (int, error) {
	fs := flagSet("stdtable")
	release := fs.String("go-version", "", "`version` of the SDK, if its file VERSION is not there")
	out := fs.String("o", "", "write to `file` instead of standard output")
	dirs, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(dirs) == 0 || *release != "" && len(dirs) > 1 {
		return 0, errors.New("stdtable: want the GOROOT of a Go SDK, or of several with the same table; see linkcheck stdtable -h")
	}
	releases := []string{*release}
	if *release == "" {
		releases = nil
		for _, dir := range dirs {
			r, err := sdkcheck.Version(dir)
			if err != nil {
				return 0, err
			}
			releases = append(releases, r)
		}
	}
	table, err := stdtable.Make(dirs, releases)
	if err != nil {
		return 0, err
	}
	if *out != "" {
		return clean, atomicfile.Write(*out, 0o644, table)
	}
	_, err = e.stdout.Write(table)
	return clean, err
}

// readStd returns the table of the standard library for compare: that in a file, that of the SDK in a directory, or the one that is part of
// this program if both are "".
func readStd(file, goroot string) (*compare.Std, error) {
	switch {
	case file != "" && goroot != "":
		return nil, errors.New("compare: --std-table and --goroot exclude each other")
	case file != "":
		text, err := inputfile.Read(file, inputfile.Text)
		if err != nil {
			return nil, err
		}
		return compare.ParseStd(file, text)
	case goroot != "":
		release, err := sdkcheck.Version(goroot)
		if err != nil {
			return nil, err
		}
		text, err := stdtable.Make([]string{goroot}, []string{release})
		if err != nil {
			return nil, err
		}
		return compare.ParseStd(goroot, text)
	}
	return compare.ShippedStd(), nil
}
