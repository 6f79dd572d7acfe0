package main

import (
	"flag"
	"fmt"
	"slices"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/policy"
)

// An output says where a command writes its report, in which form, and whether
// findings make it fail.
type output struct {
	format, file string
	reportOnly   bool
}

// outputFlags adds the flags of an output to those of a command.
func outputFlags(fs *flag.FlagSet) *output {
	o := &output{}
	fs.StringVar(&o.format, "format", "text", "`form` of the report: text, json or sarif")
	fs.StringVar(&o.file, "o", "", "write the report to `file` instead of standard output")
	fs.BoolVar(&o.reportOnly, "report-only", false, "exit with 0 whatever the findings; exceptions do not expire")
	return o
}

// unverifiedFlag adds the flag for programs of a Go release that nobody knows.
func unverifiedFlag(fs *flag.FlagSet) *goabi.Unverified {
	u := goabi.Refuse
	fs.Var(&u, goabi.UnverifiedFlag, goabi.UnverifiedUsage)
	return &u
}

// check refuses unknown forms. Commands call it before the work.
func (o *output) check() error {
	if !slices.Contains([]string{"text", "json", "sarif"}, o.format) {
		return fmt.Errorf("--format is %q, want text, json or sarif", o.format)
	}
	return nil
}

// write writes the report, whole or not at all, and returns the exit status.
func (o *output) write(e env, report *policy.Report) (int, error) {
	var day policy.Date
	if !o.reportOnly {
		day = policy.Today()
	}
	text, failed := report.Text(day, e.colour && o.file == "")
	data, err := []byte(text), error(nil)
	switch o.format {
	case "json":
		data, err = report.JSON()
	case "sarif":
		data, err = report.SARIF(day)
	}
	if err != nil {
		return 0, err
	}
	if o.file != "" {
		err = atomicfile.Write(o.file, 0o644, data)
	} else {
		_, err = e.stdout.Write(data)
	}
	if err != nil {
		return 0, err
	}
	if failed && !o.reportOnly {
		return findings, nil
	}
	return clean, nil
}
