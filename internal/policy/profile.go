package policy

import (
	"maps"
	"slices"
)

// rules are all rules, in the order of reports.
var rules = append([]*Rule{
	&soundELF, &typeExec, &typeDyn, &machine, &entryInText, &pageAlignment,
	&nxStack, &noWXSegment,
	&noInterpreter, &noDynamic, &pieDynamic, &pieRelocations, &selfRelocation, &noTextRelocations, &relro, &noNeeded, &noRPath,
	&noSymbolVersions,
	&noLibcSymbol, &noLibcString, &noCgo, &noForeignCode,
	&goBuildInfo, &goVersionFloor, &trimpath, &moduleSums, &noReplacedModule, &vcsClean, &noKnownVulnerability,
	&goTables, &forbiddenPackages, &forbiddenImports, &forbiddenLeftOut,
	&fipsSum, &fipsModule, &fipsOn,
	&syscallSites, &syscallsAllowed,
	&noHostPath, &noHostPathString, &noForbiddenString, &noTimestamp,
	&allowedSections, &sizeBudget, &packageBudget,
	&packedUnpacker, &packedOriginal, &signature,
}, compareRules...)

// Rules returns all rules, in the order of reports.
func Rules() []*Rule { return slices.Clone(rules) }

// RuleByID returns the rule with that id. The error names the closest ids.
func RuleByID(id string) (*Rule, error) {
	for _, r := range rules {
		if r.ID == id {
			return r, nil
		}
	}
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	return nil, unknown("rule", id, ids)
}

// A Profile is a named list of rules.
type Profile struct {
	Name string
	What string // which executables it is for, as a sentence
	IDs  []string

	packed bool // the file is judged together with the program packed in it
}

// Rules of every profile, of those at fixed addresses, of position-independent
// ones, and of those with the Go runtime.
var (
	anyRules = []string{
		"sound-elf", "machine", "entry-in-text", "page-alignment", "nx-stack", "no-wx-segment",
		"no-interpreter", "no-needed", "no-rpath", "no-symbol-versions",
		"no-libc-symbol", "no-libc-string", "no-host-path-string", "size-budget",
		"no-forbidden-string", "no-timestamp", "allowed-sections", "signature", "syscalls-allowed",
	}
	fixedRules = []string{"type-exec", "no-dynamic"}
	pieRules   = []string{"type-dyn", "pie-dynamic", "pie-relocations", "self-relocation", "no-text-relocations", "relro"}
	goRules    = []string{
		"go-build-info", "go-tables", "no-cgo", "no-foreign-code", "no-host-path", "fips-sum",
		"go-version", "trimpath", "module-sums", "no-replaced-module", "vcs-clean", "no-known-vulnerability",
		"forbidden-packages", "forbidden-imports", "cgo-left-out", "package-budget",
	}
	doorRules = []string{"syscall-sites"}
	// eitherRules are those of pieRules that a program at fixed addresses keeps as well.
	eitherRules = []string{"pie-relocations", "self-relocation", "no-text-relocations", "relro"}
)

var profiles = map[string]Profile{}

func init() {
	for _, p := range []Profile{
		{"static", "Go programs at fixed addresses that need the kernel alone.", slices.Concat(anyRules, fixedRules, goRules), false},
		{"static-pie", "Go programs that relocate themselves to a random address.", slices.Concat(anyRules, pieRules, goRules), false},
		{"nolibc", "Like static; and system call instructions are only in the stubs of Go's standard library and golang.org/x/sys/unix.", slices.Concat(anyRules, fixedRules, goRules, doorRules), false},
		{"nolibc-pie", "Like static-pie; and system call instructions are only in the stubs of Go's standard library and golang.org/x/sys/unix.", slices.Concat(anyRules, pieRules, goRules, doorRules), false},
		{"static-asm", "Assembly programs at fixed addresses without the Go runtime.", slices.Concat(anyRules, fixedRules), false},
		{"fips", "Static Go programs, at fixed addresses or PIE, that start in FIPS 140 mode.", slices.Concat(anyRules, eitherRules, goRules, []string{"fips-module", "fips-on"}), false},
		{"packed", "Static Go programs, at fixed addresses or PIE, packed by elfstrip.", slices.Concat(anyRules, eitherRules, goRules, packedRules), true},
	} {
		profiles[p.Name] = p
	}
}

// DefaultProfile is the profile of a policy that names none.
const DefaultProfile = "static"

// ProfileByName returns the profile with that name. The error names the closest.
func ProfileByName(name string) (Profile, error) {
	if p, ok := profiles[name]; ok {
		return p, nil
	}
	return Profile{}, unknown("profile", name, slices.Collect(maps.Keys(profiles)))
}

// Profiles returns all profiles, sorted by name.
func Profiles() []Profile {
	var out []Profile
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		out = append(out, profiles[name])
	}
	return out
}
