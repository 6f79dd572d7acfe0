package policy

import (
	"github.com/go3s/rules_go3s/internal/cgofiles"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

// Settings are what the rules of a policy compare with. A rule whose setting is
// missing has nothing to judge. Those with a JSON name are members of policy files;
// docs/schema/policy.json describes them.
type Settings struct {
	GOARCH         string            `json:"goarch"`         // expected machine, in Go's name; "" accepts any
	SizeBudget     uint64            `json:"-"`              // greatest file size in bytes; 0 sets no limit
	PackageBudgets map[string]uint64 `json:"-"`              // greatest size of the code of packages, in bytes, by pattern
	GoVersionMin   string            `json:"go_version_min"` // oldest Go release, such as "go1.26.3"
	FIPSModule     string            `json:"fips_module"`    // version of the FIPS 140 module, such as "v1.0.0" or "latest"
	Sections       []string          `json:"sections"`       // patterns of sections that the file may have besides the usual ones
	Forbidden      Forbidden         `json:"forbidden"`

	// Symbols are the names that elfstrip --traceback=external took out of the file;
	// nil takes the names that are there.
	Symbols *pcln.Symbols `json:"-"`

	// LeftOut are the packages of which files were left out for want of cgo; nil when no list was given.
	LeftOut []cgofiles.LeftOut `json:"-"`

	// Packages are those that the program was built from; nil when no list was given.
	Packages PackageList `json:"-"`

	Syscalls *syscalls.Allowed `json:"-"` // what the program may ask of the kernel; nil for anything

	// Vulnerabilities are what no-known-vulnerability knows; nil when no list was given.
	// VulnerabilityFile is the file that the policy names for it, which the caller of
	// Parse reads; relative to the policy file.
	Vulnerabilities   []Vulnerability `json:"-"`
	VulnerabilityFile string          `json:"vulnerabilities"`
}

// Forbidden is what must not be in a program. Patterns are of import paths.
type Forbidden struct {
	Packages []string `json:"packages"`     // patterns
	Modules  []string `json:"modules"`      // patterns of module paths
	Imports  []string `json:"imports"`      // patterns of what only the standard library may import
	LeftOut  []string `json:"cgo_left_out"` // patterns of packages that must be whole without cgo
	Strings  []string `json:"strings"`      // byte strings that the file must not hold, such as a user's name
}
