// Package policy says which properties of an ELF executable rules_go3s proves,
// and judges files by them. A rule is a value: what it demands, why, what it
// reads, what to do when it is broken, and a function that looks. A profile is a
// list of rules. A policy is a profile together with what one project changes in it.
//
// It refuses to guess. A rule that lacks what it must read reports that as a
// finding instead of passing, and a file that is not ELF never gets here: package
// elf refuses it.
//
// One file holds the rules of one topic, such as segments.go or syscalls.go. Adding a rule means writing it
// there, naming it in the profiles of profile.go, and giving it a pair of real programs
// in pairs_gotool_test.go, one that keeps it and one that breaks it.
package policy

import "fmt"

// A Severity says what a finding of a rule means for the verdict on a file.
type Severity string

const (
	Error   Severity = "error"   // the file is refused
	Warning Severity = "warning" // reported only
	Off     Severity = "off"     // reported, but not counted; only a policy can set it
)

// A Rule is one property that a file must have.
type Rule struct {
	ID       string   // kebab-case; never changes its meaning once released
	What     string   // the property, as a sentence
	Why      string   // what goes wrong without it
	Evidence string   // what the rule reads in the file
	Remedy   string   // what to do about a finding
	Ref      string   // specification or source that defines the property
	Severity Severity // default: Error or Warning

	// Command is the command of linkcheck that judges the rule, "" for check. Rules
	// of other commands are in no profile and have no Check: their findings come in
	// through Policy.Judge.
	Command string

	// NotApplicable returns why the rule has nothing to judge in this input,
	// "" when it has. A nil function means the rule always applies.
	NotApplicable func(in *Input) string

	// Note returns what the rule has learned of a file that it has judged, "" for
	// nothing. A nil function means nothing.
	Note func(in *Input) string

	// Check returns what breaks the rule, nothing when the file keeps it. The
	// order of findings depends on the file alone.
	Check func(in *Input) []Finding
}

// A Finding is one breach of a rule.
type Finding struct {
	// Subject names the thing that breaks the rule: a symbol, a path, a section,
	// a function. Allow-lists match it, so it holds no address or offset that
	// another build of the same program would change.
	Subject string `json:"subject"`
	// Detail says what was found and what was wanted.
	Detail string `json:"detail"`
}

// maxFindings is how many findings a rule collects. A hostile file can break a rule
// a million times; a policy may allow some of the findings, so the limit is far
// above what a report shows.
const maxFindings = 1000

// A collector gathers the findings of a rule. When there are too many it closes
// the list with a finding that no allowance is meant for, so that what was left
// out still counts.
type collector []Finding

func (c *collector) add(subject, format string, args ...any) {
	switch {
	case len(*c) < maxFindings:
		*c = append(*c, Finding{subject, fmt.Sprintf(format, args...)})
	case len(*c) == maxFindings:
		*c = append(*c, Finding{"further findings", fmt.Sprintf("there are more than %d findings", maxFindings)})
	}
}

// full reports whether looking further is of no use.
func (c collector) full() bool { return len(c) > maxFindings }

// one returns a single finding.
func one(subject, format string, args ...any) []Finding {
	return []Finding{{subject, fmt.Sprintf(format, args...)}}
}
