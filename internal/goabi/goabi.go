// Package goabi says in what the series of Go releases differ, as far as a program's file or what the
// linker reads shows it: sections, module data, tables of functions, object files, export data. It is the one
// place that knows a release by its name, and the one that refuses it.
//
// # What a release has to be
//
// A series is all releases of one minor version, such as go1.26. Within a series the formats that this package describes have
// not changed: of 29 steps from one patch release to the next, from 1.25.0 to 1.27.4, none touched the sources that define them,
// export data apart, which state their own version. So a patch release needs no entry here. Tools check the
// structure of each file besides; golink compares each word of the module data with the relocation that the Go linker has for it.
//
// A release candidate, a development version and a release built with a GOEXPERIMENT have a series by name, but nobody has
// promised its formats. They and series later than all known ones are refused unless the user asks for [Warn].
package goabi

import (
	"errors"
	"fmt"
	"go/version"
	"slices"
	"strings"
)

// A Series is what holds for all releases of one minor version of Go.
type Series struct {
	Name   string // such as "go1.26"
	Module Module
	// Sections are those that the Go linker writes for a program without cgo, into an object for an external linker or into a
	// program: data and zeroed data in the order that the runtime takes them to be in.
	Sections []Section
	// Linked says that golink links programs of the series and elfstrip rewrites their tables. Programs of others are read only.
	Linked bool
	// ResponseFiles is how tools of the series read arguments from a file.
	ResponseFiles ResponseFiles
	// GenericMethods says that tracebacks leave out the type arguments of a receiver and of a method apart: "T[...].M[...]"
	// (runtime/traceback.go, funcNamePiecesForPrint). Before, everything from the first to the last bracket is left out.
	GenericMethods bool
	// ExportData are the versions of the unified export data that compilers of the series write (internal/pkgbits, Version).
	ExportData []uint32
}

// ResponseFiles is a syntax of response files.
type ResponseFiles int

const (
	LineResponse   ResponseFiles = iota // one argument a line, with \\ and \n (cmd/internal/objabi, DecodeArg)
	QuotedResponse                      // as GCC reads them (cmd/internal/objabi, ParseArgs)
)

// series are the known ones, oldest first.
var series = []Series{
	readOnly("go1.20"), readOnly("go1.21"), readOnly("go1.22"), readOnly("go1.23"), readOnly("go1.24"), readOnly("go1.25"),
	{Name: "go1.26", Linked: true, Module: module126, Sections: sections126, ResponseFiles: LineResponse, ExportData: []uint32{2}},
	// Export data of go1.27.0 and go1.27.1 have version 4, later ones 5.
	{Name: "go1.27", Linked: true, Module: module127, Sections: sections127, ResponseFiles: QuotedResponse, GenericMethods: true,
		ExportData: []uint32{4, 5}},
}

// readOnly returns a series before go1.26.
func readOnly(name string) Series {
	return Series{Name: name, Module: moduleBefore126, Sections: sectionsBefore126}
}

// An Unverified says what to do about a Go release that was not verified.
type Unverified int

const (
	Refuse Unverified = iota // the default
	Warn                     // continue, with the tables of the newest series for a later one, and say so
)

var unverifiedNames = []string{"refuse", "warn"}

// UnverifiedFlag is the name of the flag of all tools for an Unverified.
const UnverifiedFlag = "unverified-go"

// UnverifiedUsage describes that flag.
const UnverifiedUsage = "what to do about a Go release that was not verified: \"refuse\" or \"warn\""

func (u Unverified) String() string { return unverifiedNames[u] }

// Set sets u to the value of that name: refuse or warn. It makes *Unverified a flag.Value.
func (u *Unverified) Set(name string) error {
	i := slices.Index(unverifiedNames, name)
	if i < 0 {
		return fmt.Errorf("want one of %q", unverifiedNames)
	}
	*u = Unverified(i)
	return nil
}

// Values returns the names of all values, for completion.
func (u *Unverified) Values() []string { return unverifiedNames }

// For returns the series of a Go release as runtime.Version, the linker's build information or the header of an object
// spells it: "go1.26.8", "go1.27rc1", "go1.26.8-X:nodwarf5", "devel go1.28-c11f6c4929". The error says that the series is not known.
func For(release string) (*Series, error) {
	i := slices.IndexFunc(series, func(s Series) bool { return s.Name == lang(release) })
	if i < 0 {
		return nil, &UnknownError{Release: release, why: "its formats are not known"}
	}
	return &series[i], nil
}

// Reading returns the series of a Go release for tools that read its programs. With Warn, a series later than all known ones gets
// the newest one's tables, and problem says what was let through.
func Reading(release string, u Unverified) (s *Series, problem, err error) {
	s, err = For(release)
	if err != nil && u == Warn && newer(release) {
		return &series[len(series)-1], err, nil
	}
	return s, nil, err
}

// Linked returns the series of a Go release for tools that link its objects or rewrite its programs. It
// refuses what is no release of a series that is Linked. With Warn, a later series gets the newest one's tables, and problem
// says what was let through.
func Linked(release string, u Unverified) (s *Series, problem, err error) {
	s, err = For(release)
	switch {
	case err != nil && newer(release):
		s = &series[len(series)-1]
	case err != nil:
		return nil, nil, err
	case !s.Linked:
		return nil, nil, &UnknownError{Release: release, why: "programs of that series are read, not linked or rewritten"}
	case !isRelease(release):
		err = &UnknownError{Release: release, why: "it is no release, or was built with a GOEXPERIMENT"}
	}
	if u == Warn {
		return s, err, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return s, nil, nil
}

// An UnknownError is about a Go release that is not what was asked for.
type UnknownError struct {
	Release string
	why     string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("made by Go %q: %s; verified are the releases of %s: use one of them, or --%s=warn and test the result",
		e.Release, e.why, strings.Join(linked(), " and "), UnverifiedFlag)
}

// IsUnknown reports whether err is about a Go release that is not known.
func IsUnknown(err error) bool {
	var unknown *UnknownError
	return errors.As(err, &unknown)
}

// Known returns the names of all known series, oldest first.
func Known() []string {
	var names []string
	for _, s := range series {
		names = append(names, s.Name)
	}
	return names
}

// linked returns the names of the series that are Linked, oldest first.
func linked() []string {
	var names []string
	for _, s := range series {
		if s.Linked {
			names = append(names, s.Name)
		}
	}
	return names
}

// lang returns the minor version in the name of a release, such as "go1.26", "" for none.
func lang(release string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(release, "devel "), " ")
	return version.Lang(name)
}

// newer reports whether a release is of a series later than all known ones.
func newer(release string) bool {
	l := lang(release)
	return l != "" && version.Compare(l, series[len(series)-1].Name) > 0
}

// WithoutExperiments returns the name of a release without the GOEXPERIMENTs that may follow it: "go1.26.8-X:nodwarf5", or with a space
// in the place of the dash.
func WithoutExperiments(release string) string {
	name, _, _ := strings.Cut(release, "X:")
	if name != release {
		name = strings.TrimRight(name, " -")
	}
	return name
}

// isRelease reports whether release is the plain name of a final release, such as go1.26.8, or of one with a vendor's suffix.
func isRelease(release string) bool {
	patch, ok := strings.CutPrefix(release, lang(release)+".")
	if !ok || WithoutExperiments(release) != release {
		return false
	}
	digits, _, _ := strings.Cut(patch, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == "" && !strings.ContainsAny(release, " \t\n") && version.IsValid(release)
}
