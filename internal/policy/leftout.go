package policy

import (
	"strings"

	"github.com/go3s/rules_go3s/internal/cgofiles"
)

var forbiddenLeftOut = Rule{
	ID:   "cgo-left-out",
	What: "Of no package that the policy names were files left out because they need cgo.",
	Why: "Without cgo a package may do less, or do nothing but return errors: a driver for SQLite in C compiles to a stub. " +
		"That shows when the program runs.",
	Evidence: "The list that --cgo-left-out gives, which golink makes from the build constraints and imports of the sources of the packages that it links; " +
		"the program has no trace of files that were not compiled.",
	Remedy:   "Replace the package by one in pure Go, or allow it by its import path, with the reason why it is enough.",
	Ref:      "the policy's forbidden.cgo_left_out; --cgo-left-out; go help buildconstraint",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if len(in.Forbidden.LeftOut) == 0 {
			return "the policy names no package"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		if in.LeftOut == nil {
			return one("list of files", "no --cgo-left-out was given, and the file does not tell what was left out of it")
		}
		var out collector
		for _, p := range in.LeftOut {
			for _, pattern := range in.Forbidden.LeftOut {
				if matches(pattern, p.Package) {
					out.add(clip(p.Package), "files that need cgo were left out of this package (%s), and %q is forbidden", leftOutFiles(p), pattern)
					break
				}
			}
		}
		return out
	},
}

// leftOutFiles returns the names of the first files.
func leftOutFiles(p cgofiles.LeftOut) string {
	const most = 3
	names := strings.Join(p.Files[:min(len(p.Files), most)], ", ")
	if len(p.Files) > most {
		names += ", …"
	}
	return clip(names)
}
