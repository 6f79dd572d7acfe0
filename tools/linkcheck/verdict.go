package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/policy"
)

// runVerdict is "linkcheck verdict". A build runs it apart from the check, so that
// the report is there to be read when the verdict fails the build, and once for all reports on a target.
func runVerdict(e env, args []string) (int, error) {
	fs := flagSet("verdict")
	touch := fs.String("touch", "", "write this empty `file` when the verdict is good")
	allowedFile := fs.String("allowed", "", "hold the reports of --syscalls to the calls that this `file` lists")
	var calls []string
	fs.Func("syscalls", "judge this `report` of linkcheck syscalls --json, too, by --allowed; may be repeated", func(file string) error {
		calls = append(calls, file)
		return nil
	})
	style := styleFlags(fs)
	files, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	switch {
	case len(files) == 0:
		return 0, errors.New("verdict: want at least one report; see linkcheck verdict -h")
	case (len(calls) > 0) != (*allowedFile != ""):
		return 0, errors.New("verdict: --syscalls and --allowed are about each other: give both or none")
	}
	report := &policy.Report{Schema: policy.SchemaVersion}
	for _, file := range files {
		r, err := readReport(file)
		if err != nil {
			return 0, err
		}
		report.Files = append(report.Files, r.Files...)
	}
	disallowed, err := judgeCalls(e, calls, *allowedFile)
	if err != nil {
		return 0, err
	}
	day := policy.Today()
	text, failed := report.Text(day, style.of(e.stdout))
	switch {
	case failed:
		// The files without an error are of no interest then.
		report.Files = slices.DeleteFunc(report.Files, func(f policy.FileReport) bool { return !policy.Failed(f.Verdict(day)) })
		text, _ = report.Text(day, style.of(e.stderr))
		fmt.Fprint(e.stderr, text)
		return findings, nil
	case disallowed:
		return findings, nil
	case *touch != "":
		return clean, atomicfile.Write(*touch, 0o644)
	}
	fmt.Fprint(e.stdout, text)
	return clean, nil
}

// judgeCalls prints which system calls in reports the list in allowedFile does not allow, and tells whether there are any.
func judgeCalls(e env, reports []string, allowedFile string) (disallowed bool, err error) {
	if len(reports) == 0 {
		return false, nil
	}
	allowed, err := readAllowed(allowedFile)
	if err != nil {
		return false, err
	}
	for _, file := range reports {
		r, err := readSyscalls(file)
		if err != nil {
			return false, err
		}
		if compareText(e, r, allowed.Compare(r), allowedFile) != clean {
			disallowed = true
		}
	}
	return disallowed, nil
}
