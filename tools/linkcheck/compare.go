package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/compare"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/policy"
)

// runCompare is "linkcheck compare".
func runCompare(e env, args []string) (int, error) {
	fs := flagSet("compare")
	policyFile := fs.String("policy", "", "policy `file` (JSON); its allowances accept differences")
	explain := fs.Bool("explain", false, "count the differences that are explained, too; with --format text")
	list := fs.String("list", "", "write all differences, with the rule that explains each, to `file`")
	name := fs.String("name", "", "`name` of the program in the report, instead of the paths")
	stdTable := fs.String("std-table", "", "what linkcheck stdtable wrote of the Go SDK that made the programs: `file`")
	u := unverifiedFlag(fs)
	goroot := fs.String("goroot", "", "that SDK itself, in place of --std-table: `directory`")
	out := outputFlags(fs)
	files, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if *explain && out.format != "text" {
		return 0, fmt.Errorf("--explain goes with --format text, not %s; --list writes all explanations to a file", out.format)
	}
	p, err := readPolicy(*policyFile, "", "", "")
	if err != nil {
		return 0, err
	}
	std, err := readStd(*stdTable, *goroot)
	if err != nil {
		return 0, err
	}
	var reading atomic.Bool
	reading.Store(true)
	progress := cli.StartProgress(e.stderr, out.quiet, func() string {
		if reading.Load() {
			return fmt.Sprintf("linkcheck: reading %d programs", len(files))
		}
		return fmt.Sprintf("linkcheck: comparing %d programs", len(files))
	})
	defer progress.Stop()
	programs, reports, err := readPrograms(files, *name, std, *u)
	if err != nil {
		return 0, err
	}
	reading.Store(false)
	differences, err := compare.Compare(programs, func(kind compare.Kind, subject string) bool {
		return p.Allows(policy.CompareRule(string(kind)).ID, subject)
	})
	progress.Stop()
	if err != nil {
		return 0, err
	}
	if *list != "" {
		if err := atomicfile.Write(*list, 0o644, listDifferences(differences)); err != nil {
			return 0, err
		}
	}
	for i := range reports {
		judge(p, &reports[i], programs[i], differences)
	}
	status, err := out.write(e, &policy.Report{Schema: policy.SchemaVersion, Files: reports})
	if err == nil && *explain {
		fmt.Fprint(e.stdout, explained(differences))
	}
	return status, err
}

// readPrograms reads the files side by side.
func readPrograms(files []string, name string, std *compare.Std, u goabi.Unverified) ([]*compare.Program, []policy.FileReport, error) {
	programs, reports, errs := make([]*compare.Program, len(files)), make([]policy.FileReport, len(files)), make([]error, len(files))
	var wg sync.WaitGroup
	for i, file := range files {
		wg.Go(func() {
			errs[i] = elf.Guard(func() error {
				f, err := elf.Open(file)
				if err != nil {
					return err
				}
				defer f.Close()
				f.LaterGo = u == goabi.Warn
				shown := file
				if name != "" {
					shown = name + " (" + f.GOARCH() + ")"
				}
				reports[i] = policy.NewFileReport(shown, "compare", f)
				programs[i], err = compare.Read(filepath.Base(file), f, std)
				return err
			})
		})
	}
	wg.Wait()
	return programs, reports, errors.Join(errs...)
}

// judge adds to the report on one program the differences that no rule explains
// and in which it is the odd one.
func judge(p *policy.Policy, report *policy.FileReport, program *compare.Program, differences []compare.Difference) {
	for _, kind := range compare.Kinds {
		rule := policy.CompareRule(string(kind))
		if !program.Symbols && (kind == compare.Strings || kind == compare.Data) {
			report.Rules = append(report.Rules, policy.RuleReport{ID: rule.ID, Severity: rule.Severity, Status: policy.NotApplicable,
				Note: "the file has no symbol table that tells strings and data apart"})
			continue
		}
		var found []policy.Finding
		for _, d := range differences {
			if d.Kind == kind && d.Rule == "" && slices.Contains(d.Odd(), program.GOARCH) {
				found = append(found, policy.Finding{Subject: gobin.OneLine(d.Subject), Detail: gobin.OneLine(d.String())})
			}
		}
		p.Judge(report, rule, found)
	}
}

// explained counts the explained differences by kind and rule.
func explained(differences []compare.Difference) string {
	var b strings.Builder
	counts := map[string]int{}
	example := map[string]compare.Difference{}
	var keys []string
	for _, d := range differences {
		if d.Rule == "" {
			continue
		}
		key := fmt.Sprintf("%-14s %-10s", d.Kind, d.Rule)
		if counts[key] == 0 {
			keys = append(keys, key)
			example[key] = d
		}
		counts[key]++
	}
	fmt.Fprintf(&b, "explained differences:\n")
	for _, key := range keys {
		d := example[key]
		fmt.Fprintf(&b, "  %s %5d   for example %s (%s): %s\n", key, counts[key], d.Subject, strings.Join(d.In, ", "), d.Reason)
	}
	return b.String()
}

// listDifferences has a line for each difference: kind, rule or "-", architectures
// that have it, subject, reason or detail, with tabs between.
func listDifferences(differences []compare.Difference) []byte {
	var b bytes.Buffer
	for _, d := range differences {
		rule, text := d.Rule, d.Reason
		if rule == "" {
			rule, text = "-", d.Detail
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\t%s\n", d.Kind, rule, strings.Join(d.In, ","), gobin.OneLine(d.Subject), gobin.OneLine(text))
	}
	return b.Bytes()
}
