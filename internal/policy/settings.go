package policy

import (
	"github.com/go3s/rules_go3s/internal/cgofiles"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

// Settings are what the rules of a policy compare with. A rule whose setting is
// missing has nothing to judge.
type Settings struct {
	GOARCH            string            // expected machine, in Go's name; "" accepts any
	SizeBudget        uint64            // greatest file size in bytes; 0 sets no limit
	PackageBudgets    map[string]uint64 // greatest size of the code of packages, in bytes, by pattern
	GoVersionMin      string            // oldest Go release, such as "go1.26.3"
	FIPSModule        string            // version of the FIPS 140 module, such as "v1.0.0" or "latest"
	Sections          []string          // patterns of sections that the file may have besides the usual ones
	ForbiddenPackages []string          // patterns of import paths
	ForbiddenModules  []string          // patterns of module paths
	ForbiddenImports  []string          // patterns of import paths that only the standard library may import
	ForbiddenLeftOut  []string          // patterns of import paths of packages that must be whole without cgo
	ForbiddenStrings  []string          // byte strings that the file must not hold, such as a user's name

	// Symbols are the names that elfstrip --traceback=external took out of the file;
	// nil takes the names that are there.
	Symbols *pcln.Symbols

	// LeftOut are the packages of which files were left out for want of cgo; nil when no list was given.
	LeftOut []cgofiles.LeftOut

	// Packages are those that the program was built from; nil when no list was given.
	Packages PackageList

	Syscalls *syscalls.Allowed // what the program may ask of the kernel; nil for anything

	// Vulnerabilities are what no-known-vulnerability knows; nil when no list was given.
	// VulnerabilityFile is the file that the policy names for it, which the caller of
	// Parse reads; relative to the policy file.
	Vulnerabilities   []Vulnerability
	VulnerabilityFile string
}
