// Package symbolize puts functions, files, lines and inlined calls back into what
// programs of the tier external (package pcln) say of themselves: tracebacks of
// panics, fatal errors and signals, and profiles. It changes only what the side
// file of the program explains, and refuses input of another build.
package symbolize

import (
	"fmt"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// A Symbolizer explains what one build of a program says.
type Symbolizer struct {
	symbols *pcln.Symbols
	funcs   []pcln.Func
	byAlias map[string]*pcln.Func
	// genericMethods is goabi.Series.GenericMethods of the program's release.
	genericMethods bool
}

// New returns a Symbolizer for the program of the side file. u says what to do about one of a Go release that was not verified.
func New(symbols *pcln.Symbols, u goabi.Unverified) (*Symbolizer, error) {
	series, _, err := goabi.Linked(symbols.GoVersion(), u)
	if err != nil {
		return nil, err
	}
	funcs, err := symbols.Functions()
	if err != nil {
		return nil, err
	}
	s := &Symbolizer{symbols: symbols, funcs: funcs, byAlias: map[string]*pcln.Func{}, genericMethods: series.GenericMethods}
	for i := range funcs {
		f := &funcs[i]
		if _, ok := s.byAlias[f.Alias]; !ok {
			s.byAlias[f.Alias] = f
		}
	}
	return s, nil
}

// An OtherBuildError says that the input is of another build than the side file.
type OtherBuildError struct {
	Found string // build ID of the input, or its start
	Want  string // build ID of the side file
}

func (e *OtherBuildError) Error() string {
	return fmt.Sprintf("is of the build with ID %s…, and the side file of the one with ID %s. Give the side file that was written with that program (readelf -n shows a program's build ID)", e.Found, e.Want)
}

// find returns the function called name in the program, nil when name is none
// that was replaced.
func (s *Symbolizer) find(name string) (*pcln.Func, error) {
	if tag, ok := pcln.TagOf(name); ok && tag != s.symbols.Tag() {
		return nil, &OtherBuildError{tag, s.symbols.BuildID()}
	}
	return s.byAlias[name], nil
}
