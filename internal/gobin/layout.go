package gobin

import (
	"fmt"
	"go/version"
	"slices"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// # Layouts of the module data
//
// Members after noptrbss have moved from release to release (runtime/symtab.go, moduledata). A release
// that is not listed here is not guessed: what its module data points to cannot be read.

// A layout gives offsets in the module data of one series of Go releases; 0 for a member that it lacks.
type layout struct {
	size       uint64 // of the whole, in bytes; 0 if it differs within the series
	typesEnd   int    // etypes; types are at 296 in all
	roData     int
	goFunc     int
	pclnEnd    int // epclntab
	textSects  int // textsectmap, a slice
	typeLinks  int // typelinks, a slice
	itabLinks  int // itablinks, a slice
	itabOffset int // of the itabs from the types, and at the following word their size
	initTasks  int // inittasks, a slice
}

// before126 holds for Go 1.20 to 1.25.
var before126 = layout{typesEnd: 304, roData: 312, goFunc: 320, textSects: 328, typeLinks: 352, itabLinks: 376}

var layouts = map[string]layout{
	"go1.20": before126, "go1.21": before126, "go1.22": before126, "go1.23": before126, "go1.24": before126, "go1.25": before126,
	"go1.26": {size: 592, typesEnd: 304, roData: 312, goFunc: 320, pclnEnd: 328, textSects: 336, typeLinks: 360, itabLinks: 384, initTasks: 472},
	"go1.27": {size: 568, typesEnd: 312, roData: 336, goFunc: 344, pclnEnd: 352, textSects: 360, itabOffset: 320, initTasks: 448},
}

// moduleTypes is where the module data of all releases gives the start of the type descriptors.
const moduleTypes = 296

// layoutOf returns the layout of the module data of f, by the Go version in its build information.
func layoutOf(f *goelf.File) (layout, error) {
	info, err := ReadBuildInfo(f)
	if err != nil {
		return layout{}, fmt.Errorf("the Go release, which determines the layout of the module data, cannot be read: %w", err)
	}
	v, _, _ := strings.Cut(info.GoVersion, " ") // it may go on, as in "go1.26.8 X:nodwarf5"
	l, ok := layouts[version.Lang(v)]
	if !ok {
		return layout{}, errorf(f, 0, "the build information says %q; the module data of that release is not known, those of %s are",
			info.GoVersion, strings.Join(knownReleases(), ", "))
	}
	return l, nil
}

// knownReleases returns the series of Go releases with a known layout, oldest first.
func knownReleases() []string {
	var out []string
	for release := range layouts {
		out = append(out, release)
	}
	slices.SortFunc(out, version.Compare)
	return out
}
