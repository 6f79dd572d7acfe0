package main

import (
	"errors"
	"fmt"

	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/policy"
)

// runMerge is "linkcheck merge". A build makes one report of those on all its
// programs, in the form that code-scanning services read.
func runMerge(e env, args []string) (int, error) {
	fs := flagSet("merge")
	out := outputFlags(fs)
	files, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, errors.New("merge: want at least one report; see linkcheck merge -h")
	}
	merged := &policy.Report{Schema: policy.SchemaVersion}
	for _, file := range files {
		r, err := readReport(file)
		if err != nil {
			return 0, err
		}
		merged.Files = append(merged.Files, r.Files...)
	}
	return out.write(e, merged)
}

// readReport reads a JSON report.
func readReport(path string) (*policy.Report, error) {
	data, err := inputfile.Read(path, inputfile.Data)
	if err != nil {
		return nil, err
	}
	r, err := policy.ParseReport(data)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", path, err)
	}
	return r, nil
}
