package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// words of the help that belong to no command.
const aboutFlags = "--completion=bash, zsh or fish prints a completion script, --man the manual page.\n"

// named reports whether the tool has commands.
func (t *Tool) named() bool { return t.Commands[0].Name != "" }

// Synopsis returns how a command is started, optional names in brackets.
func (t *Tool) Synopsis(c *Command) string {
	words := []string{t.Name, c.Name, c.Usage}
	if t.Default && c.Name == t.Commands[0].Name {
		words[1] = "[" + c.Name + "]"
	}
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " ")
}

// WriteHelp writes the help on the command of that name, or on the tool if there is none.
func (t *Tool) WriteHelp(w io.Writer, command string) {
	command = strings.TrimPrefix(command, t.Name+" ")
	i := slices.IndexFunc(t.Commands, func(c Command) bool { return c.Name == command && c.Name != "" })
	if i < 0 {
		t.writeOverview(w)
		return
	}
	c := &t.Commands[i]
	fmt.Fprintf(w, "usage: %s\n\n", t.Synopsis(c))
	writeCommand(w, c)
}

// writeOverview writes the help on the tool.
func (t *Tool) writeOverview(w io.Writer) {
	first := &t.Commands[0]
	if !t.named() {
		fmt.Fprintf(w, "usage: %s\n\n", t.Synopsis(first))
		writeCommand(w, first)
		fmt.Fprint(w, "\n")
	} else {
		fmt.Fprintf(w, "usage: %s COMMAND [flags] ...\n\n%s\n\n", t.Name, sentence(t.What))
		for i := range t.Commands {
			c := &t.Commands[i]
			fmt.Fprintf(w, "%s\n        %s\n", t.Synopsis(c), c.What)
		}
		fmt.Fprintf(w, "\n%s COMMAND -h prints the flags of a command.\n", t.Name)
	}
	fmt.Fprint(w, aboutFlags, "\nExit status:\n")
	for status, meaning := range t.Exit {
		fmt.Fprintf(w, "  %d  %s\n", status, meaning)
	}
}

// writeCommand writes what a command does, and its flags.
func writeCommand(w io.Writer, c *Command) {
	if c.Before != "" {
		fmt.Fprintln(w, strings.TrimSuffix(c.Before, "\n"))
	} else {
		fmt.Fprintln(w, sentence(c.What))
	}
	if len(c.Flags) > 0 {
		fmt.Fprintln(w)
	}
	for _, f := range c.Flags {
		fmt.Fprintf(w, "  %s\n        %s\n", f.Synopsis(), f.Help)
	}
	if c.After != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSuffix(c.After, "\n"))
	}
}

// Synopsis returns the names of a flag, and its argument.
func (f *Flag) Synopsis() string {
	names := strings.Join(f.Names, ", ")
	switch {
	case f.Arg == "":
		return names
	case strings.HasPrefix(f.Names[len(f.Names)-1], "--"):
		return names + "=" + f.Arg
	}
	return names + " " + f.Arg
}

// sentence makes a sentence of a line that begins in lower case.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }
