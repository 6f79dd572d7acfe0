package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/sizes"
)

// runSizes is "linkcheck sizes". It measures files and prints the sizes as a budget, compares them with one, or
// writes one.
func runSizes(e env, args []string) (int, error) {
	fs := flagSet("sizes")
	budgetFile := fs.String("budget", "", "compare with this budget `file`; any part that has grown is a finding")
	tolerance := fs.Float64("tolerance", 0, "by how many `percent` a part may grow")
	update := fs.Bool("update", false, "write the budget file instead of comparing with it")
	hint := fs.String("hint", "run this again with --update", "what to `do` when a growth is accepted, for the message")
	named := map[string]string{}
	fs.Func("named", "read the packages of file NAME from another file, before its names were taken out: `NAME=FILE` (repeatable)", func(s string) error {
		name, file, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("%q, want NAME=FILE", s)
		}
		named[name] = file
		return nil
	})
	files, err := parse(e, fs, args)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 || *update && *budgetFile == "" {
		return 0, errors.New("sizes: want NAME=FILE arguments, and a --budget to --update; see linkcheck sizes -h")
	}
	measured := &sizes.Budget{Schema: sizes.Schema, Files: map[string]sizes.Sizes{}}
	for _, arg := range files {
		name, file, ok := strings.Cut(arg, "=")
		if _, again := measured.Files[name]; !ok || again {
			return 0, fmt.Errorf("sizes: argument %q, want NAME=FILE, each NAME once", arg)
		}
		if measured.Files[name], err = measure(file, named[name]); err != nil {
			return 0, err
		}
	}
	text, err := measured.JSON()
	if err != nil {
		return 0, err
	}
	switch {
	case *update:
		return clean, atomicfile.Write(*budgetFile, 0o644, text)
	case *budgetFile == "":
		_, err := e.stdout.Write(text)
		return clean, err
	}
	text, err = inputfile.Read(*budgetFile, inputfile.Text)
	if err != nil {
		return 0, err
	}
	budget, err := sizes.ParseBudget(text)
	if err != nil {
		return 0, fmt.Errorf("budget %s: %w", *budgetFile, err)
	}
	if grown := printSizes(e.stdout, budget, measured, *tolerance); grown > 0 {
		fmt.Fprintf(e.stdout, "%d sizes are above the budget %s: drop what has grown, or %s\n", grown, *budgetFile, *hint)
		return findings, nil
	}
	return clean, nil
}

// measure returns the sizes of file, with the packages of the file named unless that is "".
func measure(file, named string) (sizes.Sizes, error) {
	f, err := elf.Open(file)
	if err != nil {
		return sizes.Sizes{}, err
	}
	defer f.Close()
	if named == "" {
		return sizes.Of(f, f)
	}
	n, err := elf.Open(named)
	if err != nil {
		return sizes.Sizes{}, err
	}
	defer n.Close()
	return sizes.Of(f, n)
}

// printSizes prints what differs from the budget and returns how many parts have grown beyond it. A
// file that the budget lacks has grown from nothing; one that only the budget has is an entry too many.
func printSizes(w io.Writer, budget, measured *sizes.Budget, tolerance float64) int {
	grown := 0
	names := maps.Clone(measured.Files)
	maps.Copy(names, budget.Files)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		found, ok := measured.Files[name]
		if !ok {
			fmt.Fprintf(w, "%s: it is in the budget, but nothing of that name is measured\n", name)
			grown++
			continue
		}
		if len(budget.Files[name].Packages) > 0 && len(found.Packages) == 0 {
			fmt.Fprintf(w, "%s: the budget has packages, but the file has no function table that names any: give it by --named\n", name)
			grown++
			continue
		}
		changes := sizes.Compare(budget.Files[name], found)
		if len(changes) == 0 {
			fmt.Fprintf(w, "%s: %d bytes, as in the budget\n", name, found.File)
			continue
		}
		fmt.Fprintf(w, "%s:\n", name)
		for _, c := range changes {
			mark := " "
			if c.Grown(tolerance) {
				mark = "!"
				grown++
			}
			fmt.Fprintf(w, "%s %+10d  %s (%d, budget %d)\n", mark, int64(c.Found-c.Budget), strings.TrimSpace(c.Kind+" "+c.Name), c.Found, c.Budget)
		}
	}
	return grown
}
