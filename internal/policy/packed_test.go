package policy

import (
	"slices"
	"testing"
)

// insideOnly are the rules that profile packed judges on the program in the file alone. A new rule belongs here, to bothSides or to
// outsideOnly: somebody must have thought of the file that hides what the rule is about from it.
var insideOnly = []string{
	"type-exec", "type-dyn", "no-dynamic", // of the profiles for one kind of program, of which packed is none
	"pie-relocations", "self-relocation", "relro",
	"no-libc-symbol", "no-libc-string", "no-cgo", "no-foreign-code",
	"go-version", "trimpath", "module-sums", "no-replaced-module", "vcs-clean", "no-known-vulnerability",
	"go-tables", "forbidden-packages", "forbidden-imports", "cgo-left-out",
	"fips-sum", "fips-module", "fips-on",
	"syscall-sites",
	"no-host-path", "no-host-path-string", "no-timestamp",
	"allowed-sections", "package-budget",
}

// Every rule that a file is checked by is classified for packed files, once.
func TestRulesAreClassifiedForPacked(t *testing.T) {
	lists := map[string][]string{"insideOnly": insideOnly, "outsideOnly": outsideOnly, "bothSides": bothSides}
	for _, r := range Rules() {
		if r.Command != "" {
			continue
		}
		var in []string
		for name, list := range lists {
			if slices.Contains(list, r.ID) {
				in = append(in, name)
			}
		}
		if len(in) != 1 {
			t.Errorf("rule %s is in %q, want it in one of insideOnly, outsideOnly and bothSides", r.ID, in)
		}
	}
	for name, list := range lists {
		for i, id := range list {
			if _, err := RuleByID(id); err != nil || slices.Contains(list[:i], id) {
				t.Errorf("%s has %q, which is no rule or is there twice", name, id)
			}
		}
	}
}
