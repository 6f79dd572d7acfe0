package policy

// # What packages import
//
// An import leaves no trace in a program: of a package that is imported one sees functions at most, of package unsafe
// nothing at all. The compiler and the go command know, so the build hands over a list of its packages, in the form of
//
//	go list -deps -json=ImportPath,Name,Standard,Incomplete,Imports PACKAGE std
//
// (std, since the runtime holds functions in the name of packages that the program may lack, such as os/signal.) In Bazel
// `linkcheck packages` makes it of the export data of what was compiled (package exportdata).

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// A PackageList is the packages that a program was built from, by import path. The main package is "main".
type PackageList map[string]ListedPackage

// A ListedPackage is an entry of a list of packages, as the go command writes it.
type ListedPackage struct {
	ImportPath string   `json:"ImportPath"`
	Name       string   `json:"Name,omitempty"`       // of the package clause
	Standard   bool     `json:"Standard,omitempty"`   // of the standard library
	Incomplete bool     `json:"Incomplete,omitempty"` // the go command could not read it, or what it imports
	Imports    []string `json:"Imports,omitempty"`    // import paths
}

// ParsePackages reads a list of packages: JSON objects, one after the other. Members besides those of
// ListedPackage are passed over. The caller adds the file name to the error.
func ParsePackages(data []byte) (PackageList, error) {
	list := PackageList{}
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var p ListedPackage
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("offset %d: %w", dec.InputOffset(), err)
		}
		path := p.ImportPath
		if p.Name == "main" {
			path = "main"
		}
		_, twice := list[path]
		switch {
		case path == "":
			return nil, fmt.Errorf("offset %d: an entry has no ImportPath, want the output of `go list -deps -json` or `linkcheck packages`", dec.InputOffset())
		case twice:
			return nil, fmt.Errorf("offset %d: package %s is listed twice, want the packages of one program", dec.InputOffset(), clip(path))
		case p.Incomplete:
			return nil, fmt.Errorf("offset %d: package %s is marked as Incomplete; make `go list -deps` succeed", dec.InputOffset(), clip(path))
		}
		list[path] = p
	}
	if _, ok := list["main"]; !ok {
		return nil, fmt.Errorf("no entry has the Name main, want the list of a program")
	}
	return list, nil
}

var forbiddenImports = Rule{
	ID:       "forbidden-imports",
	What:     "No package outside of the standard library imports a forbidden one, such as unsafe.",
	Why:      "What imports unsafe can break every promise that Go's types and its memory management give, and reach internals by go:linkname; somebody should have looked at it.",
	Evidence: "The list of packages that --packages gives, since an import leaves no trace in the program; Bazel makes it from the export data of what was compiled. Each package that Go's function table names must be in it. The list is believed where it says what a package imports and that it is of the standard library.",
	Remedy:   "Drop the import or the package, or allow it by its subject, \"IMPORTER imports IMPORTED\", with the reason why it may.",
	Ref:      "the policy's forbidden.imports; --packages; Go specification, Package unsafe",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if len(in.Forbidden.Imports) == 0 {
			return "the policy forbids no import"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		if in.Packages == nil {
			return one("list of packages", "no --packages was given, and the file does not tell what its packages import")
		}
		if why := in.noNames(); why != "" {
			return one("function table", "the packages cannot be told, so none can be missed in the list: %s", why)
		}
		var out collector
		s, _ := in.packages()
		for _, path := range s.paths() {
			if _, ok := in.Packages[path]; !ok {
				out.add(clip(path), "this package is in the program, but not in the list of packages; that of `go list -deps -json PACKAGE std` has all")
			}
		}
		for _, path := range slices.Sorted(maps.Keys(in.Packages)) {
			p := in.Packages[path]
			if p.Standard {
				continue
			}
			for _, imported := range p.Imports {
				for _, pattern := range in.Forbidden.Imports {
					if matches(pattern, imported) {
						out.add(clip(path)+" imports "+clip(imported), "the import of %q is forbidden", pattern)
						break
					}
				}
			}
		}
		return out
	},
}
