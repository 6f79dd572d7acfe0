// Package compare finds what differs between the builds of one Go program for several architectures, and explains
// what the architectures themselves make different. It reads the files alone, and refuses programs of a Go release
// whose standard library it does not know.
package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Kind is what a Difference is about.
type Kind string

// The kinds, in the order of reports.
const (
	BuildInfo   Kind = "build-info"
	Packages    Kind = "packages"
	Functions   Kind = "functions"
	Calls       Kind = "calls"
	Strings     Kind = "strings"
	Data        Kind = "data"
	Embedded    Kind = "embedded-files"
	Sections    Kind = "sections"
	Relocations Kind = "relocations"
)

// Kinds are all kinds in the order of reports.
var Kinds = []Kind{BuildInfo, Packages, Functions, Calls, Strings, Data, Embedded, Sections, Relocations}

// A Difference is something that is not the same in all programs.
type Difference struct {
	Kind    Kind
	Subject string   // what it is: the function, the call, the string
	In      []string // the GOARCH of the programs that have it
	NotIn   []string // of those that lack it, or have something else
	Detail  string   // what was found
	Rule    string   // the rule that explains it (see explain.go); "" when none does
	Reason  string   // the explanation
}

// A comparison is one run of Compare.
type comparison struct {
	programs  []*Program
	accept    func(Kind, string) bool
	std       *Std
	out       []Difference
	explained map[string]*Difference    // functions by name
	leaves    map[string]bool           // what leaf found
	closures  []map[closure][]*function // of each program

	constrained  map[file]bool
	archPackages map[string]bool // packages of constrained files
	impliedBy    map[string]bool // functions of the standard library that are there because of others
	archSpecific map[string]bool // what isArchSpecific found
	risks        map[string]bool // what risky found
	effectsOf    map[string][]string
	reaches      map[string]map[string]bool
}

// Compare returns the differences between programs, explained or not, ordered by
// kind and subject. accept, which may be nil, reports whether somebody has accepted that
// a difference of this kind is there: what follows from it is explained, while it
// is reported all the same.
//
// It fails unless there are two to three programs, each for another architecture,
// all read with one table of the standard library, and made by a Go release that the table is of.
func Compare(programs []*Program, accept func(kind Kind, subject string) bool) ([]Difference, error) {
	if len(programs) < 2 {
		return nil, fmt.Errorf("want the same program for two or more architectures, not for %d", len(programs))
	}
	if accept == nil {
		accept = func(Kind, string) bool { return false }
	}
	seen := map[string]*Program{}
	for _, p := range programs {
		if other := seen[p.GOARCH]; other != nil {
			return nil, fmt.Errorf("%s and %s are both for %s: want one program for each architecture", other.Name, p.Name, p.GOARCH)
		}
		seen[p.GOARCH] = p
		if p.std != programs[0].std {
			return nil, fmt.Errorf("%s and %s were read with different tables of the standard library", programs[0].Name, p.Name)
		}
		if err := p.std.check(p.Name, p.build.GoVersion); err != nil {
			return nil, err
		}
	}
	c := &comparison{programs: programs, accept: accept, std: programs[0].std, explained: map[string]*Difference{}, leaves: map[string]bool{},
		impliedBy: map[string]bool{}, archSpecific: map[string]bool{}, risks: map[string]bool{}, effectsOf: map[string][]string{},
		reaches: map[string]map[string]bool{}}
	c.constrained = c.constrainedFiles()
	c.archPackages = archPackagesOf(c.constrained)
	for _, p := range programs {
		c.closures = append(c.closures, closuresOf(p))
	}
	c.functions()
	c.packages()
	c.calls()
	c.strings()
	c.data()
	c.contents(Embedded, func(p *Program) map[string]string { return p.embedded })
	c.contents(Sections, func(p *Program) map[string]string { return p.sections })
	c.contents(BuildInfo, func(p *Program) map[string]string { return buildFacts(p.build) })
	c.relocations()
	slices.SortStableFunc(c.out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)), cmp.Compare(a.Subject, b.Subject))
	})
	return c.out, nil
}

// split returns the architectures of the programs that has is true for, and of the
// others.
func split(programs []*Program, has func(p *Program) bool) (in, not []string) {
	for _, p := range programs {
		if has(p) {
			in = append(in, p.GOARCH)
		} else {
			not = append(not, p.GOARCH)
		}
	}
	return in, not
}

// Odd returns the architectures of the programs that differ from most others: those
// that have what is different, or those that lack it, whichever are fewer.
func (d *Difference) Odd() []string {
	if len(d.In) <= len(d.NotIn) {
		return d.In
	}
	return d.NotIn
}

// String says where the difference is, and what was found.
func (d *Difference) String() string {
	where := strings.Join(d.In, " and ") + " only"
	switch d.Kind {
	case BuildInfo, Data, Embedded, Sections:
		where = "not the same"
	}
	if d.Detail == "" {
		return where
	}
	return where + "; " + d.Detail
}
