package main

import (
	"flag"
	"fmt"

	"github.com/go3s/rules_go3s/internal/atomicfile"
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
	fs.StringVar(&o.format, "format", "text", "`form` of the report: text or json")
	fs.StringVar(&o.file, "o", "", "write the report to `file` instead of standard output")
	fs.BoolVar(&o.reportOnly, "report-only", false, "exit with 0 whatever the findings; exceptions do not expire")
	return o
}

// check refuses unknown forms. Commands call it before the work.
func (o *output) check() error {
	if o.format != "text" && o.format != "json" {
		return fmt.Errorf("--format is %q, want text or json", o.format)
	}
	return nil
}

// write writes the report, whole or not at all, and returns the exit status.
func (o *output) write(e env, report *policy.Report) (int, error) {
	var day policy.Date
	if !o.reportOnly {
		day = policy.Today()
	}
	text, failed := printReport(report, day, e.colour && o.file == "")
	if o.format == "json" {
		data, err := report.JSON()
		if err != nil {
			return 0, err
		}
		text = string(data)
	}
	var err error
	if o.file != "" {
		err = atomicfile.Write(o.file, 0o644, []byte(text))
	} else {
		_, err = fmt.Fprint(e.stdout, text)
	}
	if err != nil {
		return 0, err
	}
	if failed && !o.reportOnly {
		return findings, nil
	}
	return clean, nil
}
