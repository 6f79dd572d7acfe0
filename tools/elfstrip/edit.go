package main

import (
	"debug/elf"
	"fmt"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/machine"
	"github.com/go3s/rules_go3s/internal/strip"
)

// A dump asks for the contents of a section in a file.
type dump struct{ section, file string }

// pair cuts an argument of the form "a=b".
func pair(arg, form string) (a, b string, err error) {
	a, b, ok := strings.Cut(arg, "=")
	if !ok || a == "" || b == "" {
		return "", "", fmt.Errorf("%q: want %s", arg, form)
	}
	return a, b, nil
}

// contents returns the setter for an option SECTION=FILE that reads FILE.
func contents(add func(*config, strip.Contents)) func(*config, string) error {
	return func(c *config, arg string) error {
		section, file, err := pair(arg, "SECTION=FILE")
		if err != nil {
			return err
		}
		data, err := inputfile.Read(file, inputfile.Data)
		c.asked = true
		add(c, strip.Contents{Section: section, Data: data})
		return err
	}
}

// fromFile returns the setter for an option that takes a file of names, one a line. As for objcopy, "#" begins a
// comment, and blanks around a name do not count.
func fromFile(add func(c *config, name string)) func(*config, string) error {
	return func(c *config, file string) error {
		data, err := inputfile.Read(file, inputfile.Text)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(data)) {
			line, _, _ = strings.Cut(line, "#")
			if name := strings.TrimSpace(line); name != "" {
				add(c, name)
			}
		}
		return nil
	}
}

// writeDumps writes what --dump-section asks for.
func writeDumps(c *config, f *goelf.File, outputs *atomicfile.Batch) error {
	for _, d := range c.dumps {
		s := f.Section(d.section)
		if s == nil {
			return fmt.Errorf("%s: --dump-section: there is no section %q", f.Name, d.section)
		}
		if elf.SectionType(s.Type) == elf.SHT_NOBITS {
			return fmt.Errorf("%s: --dump-section: section %q has no contents (SHT_NOBITS)", f.Name, d.section)
		}
		data, err := f.SectionData(s)
		if err != nil {
			return err
		}
		if err := outputs.Write(d.file, 0o666, data); err != nil {
			return err
		}
	}
	return nil
}

func target(c *config, name string) error {
	for _, m := range machine.All {
		if name == m.BFD {
			c.targets = append(c.targets, name)
			return nil
		}
	}
	return fmt.Errorf("format %q: want one of those that --info prints", name)
}

// checkTargets refuses a file that does not have the format that the command line names.
func checkTargets(c *config, f *goelf.File) error {
	found := f.Machine().BFD
	for _, name := range c.targets {
		if name != found {
			return fmt.Errorf("%s: is %s, want %s", f.Name, found, name)
		}
	}
	return nil
}
