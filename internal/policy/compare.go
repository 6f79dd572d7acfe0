package policy

// # Rules of linkcheck compare
//
// They judge the same program built for several architectures, so they see more than
// one file: package compare finds the differences, the command hands them over. A
// finding is in the report on the file that differs from the others.

// CompareRule returns the rule about one kind of difference (compare.Kind), nil when
// there is none.
func CompareRule(kind string) *Rule {
	for _, r := range compareRules {
		if r.ID == "same-"+kind {
			return r
		}
	}
	return nil
}

// CompareRules returns the rules of linkcheck compare in the order of reports.
func CompareRules() []*Rule { return append([]*Rule(nil), compareRules...) }

var compareRules = []*Rule{
	compareRule("build-info", "The programs are built from the same modules with the same settings.",
		"A program from another module version is another program.",
		"Go's build information, without the settings that name the architecture."),
	compareRule("packages", "The programs consist of the same packages.",
		"A package that is in one program only runs there, however few look at that architecture.",
		"The names in Go's function table, those of inlined functions included."),
	compareRule("functions", "The programs consist of the same functions.",
		"Code for one architecture is what tests on another do not run and readers overlook.",
		"The names in Go's function table, those of inlined functions included. Code of a package that has files for one architecture "+
			"is explained when it only computes."),
	compareRule("calls", "Each function refers to the same functions.",
		"A call that only one architecture makes is a behaviour that only it has.",
		"Calls, jumps, function addresses and system calls in the instructions, and inlined calls in Go's function table. "+
			"Arithmetic, comparisons and constants in a function are not compared, since compilers write them differently for each machine: tests on each architecture are for those."),
	compareRule("strings", "The programs hold the same string constants.",
		"An address, a path or a key that differs changes what the program does with the same code.",
		"The region go:string.* in read-only data; needs a symbol table."),
	compareRule("data", "Variables and constants outside of the standard library begin with the same contents.",
		"Tables and values set by the linker (x_defs) steer the program.",
		"Symbols of data and their contents; needs a symbol table."),
	compareRule("embedded-files", "The programs embed the same files.",
		"Embedded files are configuration, templates and web pages.",
		"Tables of embed.FS variables, with names and SHA-256 of contents."),
	compareRule("sections", "Sections that are not Go's hold the same bytes.",
		"What a build adds to the program should be the same everywhere.",
		"Section headers and contents."),
	compareRule("relocations", "Relocations are of the same classes.",
		"A new class of pointers, or one that needs a loader, shows a part that other programs lack.",
		"DT_RELA and DT_RELR tables, by kind, place and target section."),
}

func compareRule(kind, what, why, evidence string) *Rule {
	return &Rule{
		ID: "same-" + kind, What: what, Why: why, Evidence: evidence,
		Remedy:   "Remove the difference, or allow its subject in the policy file with the reason why it is wanted.",
		Ref:      "docs/compare.md",
		Severity: Error,
		Command:  "compare",
	}
}

// Allows reports whether the policy has an allowance, expired or not, for findings
// of the rule about subject.
func (p *Policy) Allows(ruleID, subject string) bool {
	for _, a := range p.Allow[ruleID] {
		if matches(a.Subject, subject) {
			return true
		}
	}
	return false
}
