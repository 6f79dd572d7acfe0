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
	"github.com/go3s/rules_go3s/internal/sizes/treemap"
)

// runSizes is "linkcheck sizes". It measures files and prints the sizes as a budget, compares them with one, or
// writes one. It can write a report of every byte besides.
func runSizes(e env, args []string) (int, error) {
	fs := flagSet("sizes")
	budgetFile := fs.String("budget", "", "compare with this budget `file`; any part that has grown is a finding")
	tolerance := fs.Float64("tolerance", 0, "by how many `percent` a part may grow")
	update := fs.Bool("update", false, "write the budget file instead of comparing with it")
	hint := fs.String("hint", "run this again with --update", "what to `do` when a growth is accepted, for the message")
	report := fs.String("report", "", "write what every byte is for to this `file`, as JSON")
	page := fs.String("html", "", "write what every byte is for to this `file`, as an HTML page with a treemap")
	base := fs.String("base", "", "add the files of this report, of an earlier build, to the one that is written: `file`")
	see := fs.String("page", "", "name this `file` in the message about a growth: a page that --html wrote")
	functions := sizes.FunctionsOfModule
	fs.Var(&functions, "functions", "of which `packages` a budget has the functions: module (those of the main module), all or none")
	named := map[string]string{}
	fs.Func("named", "read the packages of file NAME from another file, before its names were taken out: `NAME=FILE` (repeatable)", func(s string) error {
		name, file, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("%q, want NAME=FILE", s)
		}
		named[name] = file
		return nil
	})
	files, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 || *update && *budgetFile == "" {
		return 0, errors.New("sizes: want NAME=FILE arguments, and a --budget to --update; see linkcheck sizes -h")
	}
	writesReport := *report != "" || *page != ""
	if *base != "" && !writesReport {
		return 0, errors.New("sizes: --base needs a --report or --html to add to")
	}
	breakdowns := &sizes.Report{Schema: sizes.Schema}
	measured := &sizes.Budget{Schema: sizes.Schema, Files: map[string]sizes.Sizes{}}
	for _, arg := range files {
		name, file, ok := strings.Cut(arg, "=")
		if _, again := measured.Files[name]; !ok || again {
			return 0, fmt.Errorf("sizes: argument %q, want NAME=FILE, each NAME once", arg)
		}
		err := open2(file, named[name], func(f, n *elf.File) (err error) {
			if measured.Files[name], err = sizes.Of(f, n, functions); err != nil || !writesReport {
				return err
			}
			b, err := sizes.Break(name, f, n)
			if err == nil {
				breakdowns.Files = append(breakdowns.Files, *b)
			}
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	if writesReport {
		if err := writeReports(breakdowns, *base, *report, *page); err != nil {
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
	case *budgetFile == "" && writesReport:
		return clean, nil
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
		if *see != "" {
			fmt.Fprintf(e.stdout, "what every byte is for: %s\n", *see)
		}
		return findings, nil
	}
	return clean, nil
}

// open2 calls use with file and with the file named, which is the same unless it has a name.
func open2(file, named string, use func(f, named *elf.File) error) error {
	f, err := elf.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if named == "" {
		return use(f, f)
	}
	n, err := elf.Open(named)
	if err != nil {
		return err
	}
	defer n.Close()
	return use(f, n)
}

// writeReports adds the files of the report base, unless that is "", to r and writes it as JSON and as a page, all or nothing.
func writeReports(r *sizes.Report, base, report, page string) error {
	if base != "" {
		text, err := inputfile.Read(base, inputfile.Text)
		if err != nil {
			return err
		}
		earlier, err := sizes.ParseReport(text)
		if err != nil {
			return fmt.Errorf("report %s: %w", base, err)
		}
		for _, b := range earlier.Files {
			if !strings.HasSuffix(b.Name, sizes.BaseSuffix) {
				b.Name += sizes.BaseSuffix
				r.Files = append(r.Files, b)
			}
		}
	}
	text, err := r.JSON()
	if err != nil {
		return err
	}
	var outputs atomicfile.Batch
	defer outputs.Close()
	if report != "" {
		if err := outputs.Write(report, 0o644, text); err != nil {
			return err
		}
	}
	if page != "" {
		html, err := treemap.Page(text)
		if err != nil {
			return err
		}
		if err := outputs.Write(page, 0o644, html); err != nil {
			return err
		}
	}
	return outputs.Commit()
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
			printChange(w, mark, c)
			if c.Kind == "package" && c.Grown(tolerance) {
				printFunctions(w, budget.Files[name], found, c.Name)
			}
		}
	}
	return grown
}

func printChange(w io.Writer, mark string, c sizes.Change) {
	fmt.Fprintf(w, "%s %+10d  %s (%d, budget %d)\n", mark, int64(c.Found-c.Budget), strings.TrimSpace(c.Kind+" "+c.Name), c.Found, c.Budget)
}

// shownFunctions is how many functions of one package are printed.
const shownFunctions = 10

// printFunctions prints the functions of a package that have grown most.
func printFunctions(w io.Writer, budget, found sizes.Sizes, pkg string) {
	changed, known := sizes.Functions(budget, found, pkg)
	changed = slices.DeleteFunc(changed, func(c sizes.Change) bool { return c.Found <= c.Budget })
	if !known {
		fmt.Fprintf(w, "                 (the budget has no functions of this package: see --functions)\n")
	}
	for _, c := range changed[:min(len(changed), shownFunctions)] {
		printChange(w, "     ", c)
	}
	if more := len(changed) - shownFunctions; more > 0 {
		fmt.Fprintf(w, "                 and %d functions more\n", more)
	}
}
