package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/policy"
)

// reference is docs/linkcheck.md up to the tables that are made from the rules, with a place for the list of commands.
//
//go:embed reference.md
var reference string

// runList is "linkcheck list". docs/linkcheck.md is its output with
// --format markdown.
func runList(e env, args []string) (int, error) {
	fs := flagSet("list")
	format := "text"
	cli.OneOf(fs, &format, "format", "`form` of the list: text or markdown (the whole reference)", "text", "markdown")
	rest, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(rest) > 0 {
		return 0, fmt.Errorf("list: unexpected argument %q", rest[0])
	}
	switch format {
	case "text":
		for _, r := range policy.Rules() {
			fmt.Fprintf(e.stdout, "%-22s %-8s %s\n", r.ID, r.Severity, r.What)
		}
		fmt.Fprintln(e.stdout)
		for _, p := range policy.Profiles() {
			fmt.Fprintf(e.stdout, "profile %-14s %s\n", p.Name, p.What)
		}
	case "markdown":
		fmt.Fprint(e.stdout, markdown())
	}
	return clean, nil
}

// markdown returns the reference documentation.
func markdown() string {
	var b strings.Builder
	before, after, _ := strings.Cut(reference, "<!-- commands -->\n")
	b.WriteString(before)
	t := tool()
	for i := range t.Commands {
		fmt.Fprintf(&b, "- `%s`: %s\n", t.Synopsis(&t.Commands[i]), t.Commands[i].What)
	}
	b.WriteString(after)
	b.WriteString("\n## Profiles\n\n")
	b.WriteString("| rule |")
	for _, p := range policy.Profiles() {
		fmt.Fprintf(&b, " `%s` |", p.Name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(policy.Profiles())) + "\n")
	for _, r := range policy.Rules() {
		fmt.Fprintf(&b, "| [`%s`](#%s) |", r.ID, r.ID)
		for _, p := range policy.Profiles() {
			mark := ""
			if slices.Contains(p.IDs, r.ID) {
				mark = string(r.Severity)
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for _, p := range policy.Profiles() {
		fmt.Fprintf(&b, "- `%s`: %s\n", p.Name, p.What)
	}
	b.WriteString("\n## Rules\n")
	for _, r := range policy.Rules() {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", r.ID, r.What)
		fmt.Fprintf(&b, "- Severity: %s\n- Why: %s\n- Evidence: %s\n- Remedy: %s\n- Reference: %s\n", r.Severity, r.Why, r.Evidence, r.Remedy, r.Ref)
	}
	return b.String()
}

// judgedBy says who judges the rule: the profiles that have it, or the command that it belongs to.
func judgedBy(rule *policy.Rule) string {
	if rule.Command != "" {
		return "linkcheck " + rule.Command
	}
	var names []string
	for _, p := range policy.Profiles() {
		if slices.Contains(p.IDs, rule.ID) {
			names = append(names, p.Name)
		}
	}
	return "linkcheck with profile " + strings.Join(names, ", ")
}
