package main

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/strip"
)

func TestParseArgs(t *testing.T) {
	for _, test := range []struct {
		args string
		want func(c *config)
	}{
		{"f", func(c *config) { c.options.Mode = strip.All }},
		{"-s f", func(c *config) { c.options.Mode = strip.All }},
		{"--strip-all f", func(c *config) { c.options.Mode = strip.All }},
		{"-g f", func(c *config) { c.options.Mode = strip.Debug }},
		{"-S f", func(c *config) { c.options.Mode = strip.Debug }},
		{"f -d", func(c *config) { c.options.Mode = strip.Debug }},
		{"--strip-debug f", func(c *config) { c.options.Mode = strip.Debug }},
		{"--strip-unneeded f", func(c *config) { c.options.Mode = strip.Unneeded }},
		{"-g -s f", func(c *config) { c.options.Mode = strip.All }},
		{"-x f", func(c *config) { c.options.Discard = strip.DiscardLocals }},
		{"--discard-all f", func(c *config) { c.options.Discard = strip.DiscardLocals }},
		{"-X f", func(c *config) { c.options.Discard = strip.DiscardLabels }},
		{"--discard-locals f", func(c *config) { c.options.Discard = strip.DiscardLabels }},
		{"-sx f", func(c *config) {
			c.options.Mode, c.options.Discard = strip.All, strip.DiscardLocals
		}},
		{"-gpvo out f", func(c *config) {
			c.options.Mode, c.preserveDates, c.verbose, c.output = strip.Debug, true, true, "out"
		}},
		{"-oout f", func(c *config) { c.options.Mode, c.output = strip.All, "out" }},
		{"--output-file=out f", func(c *config) { c.options.Mode, c.output = strip.All, "out" }},
		{"--output-file out f", func(c *config) { c.options.Mode, c.output = strip.All, "out" }},
		{"--output-f out f", func(c *config) { c.options.Mode, c.output = strip.All, "out" }},
		{"-K a -K b f", func(c *config) {
			c.options.Mode = strip.All
			c.options.KeepSymbols.AddName("a")
			c.options.KeepSymbols.AddName("b")
		}},
		{"--keep-symbol=go:func.* f", func(c *config) {
			c.options.Mode = strip.All
			c.options.KeepSymbols.AddName("go:func.*")
		}},
		{"-K a* -w f", func(c *config) {
			c.options.Mode = strip.All
			c.options.KeepSymbols.AddGlob("a*")
		}},
		{"-N a f", func(c *config) { c.options.StripSymbols.AddName("a") }},
		{"--wildcard --strip-symbol=a? f", func(c *config) { c.options.StripSymbols.AddGlob("a?") }},
		{"-R .comment f", func(c *config) {
			c.options.Mode = strip.All
			c.options.RemoveSections.AddGlob(".comment")
		}},
		{"-g --remove-section .c* --keep-section .d* f", func(c *config) {
			c.options.Mode = strip.Debug
			c.options.RemoveSections.AddGlob(".c*")
			c.options.KeepSections.AddGlob(".d*")
		}},
		{"--no-keep-go-func f", func(c *config) { c.options.Mode, c.options.DropGoFunc = strip.All, true }},
		{"--only-keep-debug f", func(c *config) { c.options.OnlyKeepDebug = true }},
		{"-g --add-gnu-debuglink=x f", func(c *config) { c.options.Mode, c.debugLink = strip.Debug, "x" }},
		{"-D -p f", func(c *config) { c.options.Mode, c.preserveDates = strip.All, true }},
		{"-- -g f", func(c *config) {
			c.options.Mode = strip.All
			c.files = []string{"-g", "f"}
		}},
		{"- f", func(c *config) {
			c.options.Mode = strip.All
			c.files = []string{"-", "f"}
		}},
		{"a -s b c", func(c *config) {
			c.options.Mode = strip.All
			c.files = []string{"a", "b", "c"}
		}},
	} {
		got, err := parseArgs(strings.Fields(test.args))
		if err != nil {
			t.Errorf("%s: %v", test.args, err)
			continue
		}
		want := &config{files: []string{"f"}}
		test.want(want)
		// How it was written does not matter, only what it means.
		got.asked, got.wildcard, got.keepSymbols, got.stripSymbols = false, false, nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", test.args, got, want)
		}
	}
}

func TestParseArgsErrors(t *testing.T) {
	for args, want := range map[string]string{
		"":                                      "no input file",
		"-s":                                    "no input file",
		"-y f":                                  "unknown option -y",
		"-sy f":                                 `unknown option -y in "-sy"`,
		"--strip-nothing f":                     "unknown option --strip-nothing",
		"--strip f":                             "could be any of --strip-all, --strip-debug, --strip-unneeded, --strip-symbol",
		"--strip-all=x f":                       "takes no argument",
		"f -o":                                  "option -o wants an argument FILE",
		"f -K":                                  "option -K wants an argument SYMBOL",
		"f --keep-section":                      "option --keep-section wants an argument SECTION",
		"--output-file= f":                      "the name of the output file is empty",
		"-o out f g":                            "-o names one output, but there are 2 input files",
		"--only-keep-debug -s f":                "--only-keep-debug keeps all symbols",
		"--only-keep-debug -x f":                "--only-keep-debug keeps all symbols",
		"--only-keep-debug -N a f":              "--only-keep-debug keeps all symbols",
		"--only-keep-debug --add-gnu-debug=x f": "run elfstrip twice",
	} {
		if c, err := parseArgs(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, error %v; want an error with %q", args, c, err, want)
		}
	}
}

// The table itself: every name once, and every option in the help.
func TestOptionsTable(t *testing.T) {
	var help bytes.Buffer
	tool().WriteHelp(&help, "")
	var seen []string
	for _, o := range options {
		for _, name := range o.names {
			if slices.Contains(seen, name) {
				t.Errorf("%s is there twice", name)
			}
			seen = append(seen, name)
			if short := len(name) == 2 && name[0] == '-'; !short && !strings.HasPrefix(name, "--") {
				t.Errorf("%q is neither a short nor a long name", name)
			}
			if !strings.Contains(help.String(), name) {
				t.Errorf("the help lacks %s", name)
			}
		}
	}
	for _, line := range strings.Split(help.String(), "\n") {
		if n := len(line); n > 110 {
			t.Errorf("line of %d characters in the help: %s", n, line)
		}
	}
}
