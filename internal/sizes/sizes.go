// Package sizes tells what the bytes of an executable are spent on, by section and by Go package,
// and compares that with a budget. It refuses to guess: code without a function table has no
// packages.
package sizes

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// Sizes are numbers of bytes.
type Sizes struct {
	File     uint64            `json:"file"`     // the whole file
	Sections map[string]uint64 `json:"sections"` // in the file, by name; "(headers)" is what no section covers
	Packages map[string]uint64 `json:"packages"` // machine code, by import path; see PackageOf
	// Functions are machine code by package and, in that, name; of those packages that FunctionsOf chooses.
	Functions map[string]map[string]uint64 `json:"functions,omitempty"`
}

// FunctionsOf says of which packages Sizes has the functions.
type FunctionsOf string

const (
	FunctionsOfNone   FunctionsOf = "none"
	FunctionsOfModule FunctionsOf = "module" // of the main module, as build information names it, and of package main
	FunctionsOfAll    FunctionsOf = "all"
)

// Set sets w to the value of that name. It makes *FunctionsOf a flag.Value.
func (w *FunctionsOf) Set(name string) error {
	all := []FunctionsOf{FunctionsOfNone, FunctionsOfModule, FunctionsOfAll}
	if !slices.Contains(all, FunctionsOf(name)) {
		return fmt.Errorf("want one of %q", all)
	}
	*w = FunctionsOf(name)
	return nil
}

func (w *FunctionsOf) String() string { return string(*w) }

// Headers is the key of Sizes.Sections for bytes that no section covers: headers and padding.
const Headers = "(headers)"

// Of measures f. Packages are read from named, the same program with the names of its functions, which may be
// f itself; they are empty in a file without Go's function table. Names are as gobin.OneLine has them. It fails when the table is damaged,
// and when sections share bytes of the file, which would count twice.
func Of(f, named *goelf.File, functions FunctionsOf) (Sizes, error) {
	s := Sizes{File: uint64(len(f.Data)), Sections: map[string]uint64{}, Packages: map[string]uint64{}}
	rest := s.File
	for i := range f.Sections {
		sec := &f.Sections[i]
		if t := elf.SectionType(sec.Type); t == elf.SHT_NULL || t == elf.SHT_NOBITS || sec.Size == 0 {
			continue
		}
		s.Sections[strings.Clone(gobin.OneLine(sec.Str))] += sec.Size // the name ends with f
		if sec.Size > rest {
			return s, fmt.Errorf("%s: its sections have more bytes than the file: some share bytes, so none can be measured", f.Name)
		}
		rest -= sec.Size
	}
	s.Sections[Headers] = rest
	table, err := gobin.ReadFuncTable(named)
	if errors.Is(err, gobin.ErrNotGo) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	units, modules := unitsOf(table), readModules(named)
	for i := range table.Len() {
		fn := table.At(i)
		pkg := PackageOf(fn.Name)
		if strings.HasPrefix(fn.Name, gobin.Placeholder+".") {
			pkg = cmp.Or(units.of(i), pkg)
		}
		pkg = gobin.OneLine(pkg)
		s.Packages[pkg] += fn.End - fn.Entry
		if functions == FunctionsOfAll || functions == FunctionsOfModule && modules.isMain(pkg) {
			s.addFunction(pkg, fn)
		}
	}
	return s, nil
}

func (s *Sizes) addFunction(pkg string, fn gobin.Func) {
	if s.Functions == nil {
		s.Functions = map[string]map[string]uint64{}
	}
	if s.Functions[pkg] == nil {
		s.Functions[pkg] = map[string]uint64{}
	}
	_, name := gobin.CutLinkName(fn.Name)
	s.Functions[pkg][gobin.OneLine(cmp.Or(name, fn.Name))] += fn.End - fn.Entry
}

// PackageOf returns the import path in the name of a function as Go's function table has it; "type:" and the
// like for what the compiler makes for all packages, "(assembly)" for a name without a package, and "(no name)"
// for none.
func PackageOf(name string) string {
	if name == "" {
		return "(no name)"
	}
	if pkg := gobin.PackageOf(name); pkg != "" {
		return pkg
	}
	if i := strings.IndexByte(name, ':'); i >= 0 {
		return name[:i+1]
	}
	return "(assembly)" // without a package, such as _rt0_amd64_linux
}
