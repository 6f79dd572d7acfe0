package main

import (
	"flag"
	"io"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/policy"
)

// An output says where a command writes its report, in which form, and whether
// findings make it fail.
type output struct {
	format, file string
	reportOnly   bool
	*style
}

// A style says how text looks.
type style struct {
	colour *cli.Colour
	quiet  bool
}

// styleFlags adds the flags of a style to those of a command.
func styleFlags(fs *flag.FlagSet) *style {
	s := &style{colour: cli.ColourFlag(fs)}
	fs.BoolVar(&s.quiet, "quiet", false, "do not print files without a finding, nor progress")
	return s
}

// of returns how the text of a report looks on w.
func (s *style) of(w io.Writer) policy.Style {
	return policy.Style{Colour: s.colour.On(w), Quiet: s.quiet}
}

// outputFlags adds the flags of an output to those of a command.
func outputFlags(fs *flag.FlagSet) *output {
	o := &output{format: "text", style: styleFlags(fs)}
	cli.OneOf(fs, &o.format, "format", "`form` of the report: text, json or sarif", "text", "json", "sarif")
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

// write writes the report, whole or not at all, and returns the exit status.
func (o *output) write(e env, report *policy.Report) (int, error) {
	var day policy.Date
	if !o.reportOnly {
		day = policy.Today()
	}
	style := o.of(e.stdout)
	if o.file != "" && *o.colour != "always" {
		style.Colour = false
	}
	text, failed := report.Text(day, style)
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
