package cli

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

// flags returns a set of flags as a command has it.
func flags() *flag.FlagSet {
	fs := flag.NewFlagSet("make", flag.ContinueOnError)
	form := "text"
	OneOf(fs, &form, "format", "`form` of the report", "text", "json")
	fs.String("o", "", "write to `file`")
	fs.Bool("quiet", false, "say nothing: it's 100% [quiet] \\o/")
	return fs
}

func example() *Tool {
	return &Tool{Name: "tool", What: "make things", Exit: []string{"made", "not made"}, Commands: []Command{
		{Name: "make", Usage: "[flags] FILE", What: "make a thing", Flags: Flags(flags()), Before: "Text.\n\n\t.code\n\nMore.", After: "'Quoted'."},
		{Name: "list", What: "list things", Words: []string{"one", "two"}},
	}}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ args, rest, err string }{
		{"a -o x b --quiet c", "a b c", ""},
		{"-o=x -- -a b", "-a b", ""},
		{"a -- b -o", "a b -o", ""},
		{"--format=json", "", ""},
		{"--format=xml", "", `want one of ["text" "json"]`},
		{"--none", "", "not defined"},
	} {
		rest, err := Parse(flags(), strings.Fields(tt.args))
		switch {
		case tt.err == "" && (err != nil || strings.Join(rest, " ") != tt.rest):
			t.Errorf("%s: %q, %v; want %q", tt.args, rest, err, tt.rest)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: %v; want %q", tt.args, err, tt.err)
		}
	}
	_, err := Parse(flags(), []string{"-h"})
	if help, ok := errors.AsType[Help](err); !ok || help.Flags.Name() != "make" || !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v, want a Help", err)
	}
}

func TestFlags(t *testing.T) {
	list := FlagsOf(func(args []string) error { _, err := Parse(flags(), args); return err })
	want := []string{"-format form", "-o file", "-quiet"}
	for i, f := range list {
		if f.Synopsis() != want[i] {
			t.Errorf("flag %d is %q, want %q", i, f.Synopsis(), want[i])
		}
	}
	if !slices.Equal(list[0].Values, []string{"text", "json"}) || !strings.HasSuffix(list[0].Help, "(default text)") || len(list) != 3 {
		t.Errorf("flags %+v", list)
	}
}

// Help has all commands; that of a command, its flags.
func TestWriteHelp(t *testing.T) {
	var all, one bytes.Buffer
	example().WriteHelp(&all, "")
	example().WriteHelp(&one, "tool make")
	for _, want := range []string{"tool make [flags] FILE\n        make a thing\n", "  1  not made\n", "--man"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("%s\nlacks %q", all.String(), want)
		}
	}
	for _, want := range []string{"usage: tool make [flags] FILE\n\nText.\n\n\t.code\n", "  -o file\n        write to file\n", "\n'Quoted'.\n"} {
		if !strings.Contains(one.String(), want) {
			t.Errorf("%s\nlacks %q", one.String(), want)
		}
	}
}

func TestDescribe(t *testing.T) {
	var b bytes.Buffer
	for _, args := range [][]string{nil, {"make"}, {"--man", "x"}, {"--mann"}} {
		if done, err := example().Describe(&b, args); done || err != nil || b.Len() > 0 {
			t.Errorf("%q: %v, %v, %q", args, done, err, b.String())
		}
	}
	if done, err := example().Describe(&b, []string{"--completion=tcsh"}); !done || err == nil || !strings.Contains(err.Error(), "want bash, zsh or fish") {
		t.Errorf("--completion=tcsh: %v, %v", done, err)
	}
	if done, err := example().Describe(&b, []string{"--man"}); !done || err != nil || !strings.HasPrefix(b.String(), ".TH TOOL 1") {
		t.Errorf("--man: %v, %v, %q", done, err, b.String())
	}
	if s := b.String(); !strings.Contains(s, "\n\\&.code\n") || !strings.Contains(s, "\n\\(aqQuoted\\(aq.\n") || !strings.Contains(s, `\eo/`) {
		t.Errorf("not quoted: %s", s)
	}
}

// Colours are where a terminal is, which a file, a pipe and the null device are not.
func TestColour(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for value, want := range map[string]bool{"auto": false, "always": true, "never": false} {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		c := ColourFlag(fs)
		if err := fs.Parse([]string{"--color=" + value}); err != nil {
			t.Fatal(err)
		}
		if c.On(null) != want || c.On(&bytes.Buffer{}) != want {
			t.Errorf("%s: colours %v, want %v", value, c.On(null), want)
		}
	}
}
