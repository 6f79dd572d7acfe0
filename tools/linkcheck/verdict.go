package main

import (
	"errors"
	"fmt"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/policy"
)

// runVerdict is "linkcheck verdict". A build runs it apart from the check, so that
// the report is there to be read when the verdict fails the build.
func runVerdict(e env, args []string) (int, error) {
	fs := flagSet("verdict")
	touch := fs.String("touch", "", "write this empty `file` when the verdict is good")
	files, err := parse(e, fs, args)
	if err != nil {
		return 0, err
	}
	if len(files) != 1 {
		return 0, errors.New("verdict: want one report; see linkcheck verdict -h")
	}
	report, err := readReport(files[0])
	if err != nil {
		return 0, err
	}
	text, failed := report.Text(policy.Today(), e.colour)
	if failed {
		fmt.Fprint(e.stderr, text)
		return findings, nil
	}
	if *touch != "" {
		return clean, atomicfile.Write(*touch, 0o644)
	}
	fmt.Fprint(e.stdout, text)
	return clean, nil
}
