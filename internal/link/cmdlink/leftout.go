package cmdlink

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/cgofiles"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// leftOut refuses packages of which nothing is left, and returns those of which files are missing.
func (c *Config) leftOut(packages []*loadedPackage) ([]cgofiles.LeftOut, error) {
	sources := map[string][]string{}
	for _, s := range c.CgoSources {
		path, file, ok := strings.Cut(s, "=")
		if !ok || path == "" || file == "" {
			return nil, fmt.Errorf("cgo source %q: want importmap=file", s)
		}
		if path == c.MainPkgPath {
			path = "main"
		}
		sources[path] = append(sources[path], file)
	}
	var list []cgofiles.LeftOut
	var errs []error
	for _, p := range packages {
		files := slices.Compact(slices.Sorted(slices.Values(sources[p.path])))
		if len(files) == 0 {
			continue
		}
		for _, file := range files {
			if err := inputfile.Check(file); err != nil {
				return nil, fmt.Errorf("cgo source: %w", err)
			}
		}
		split, err := cgofiles.Split(c.buildContext(), files)
		if err != nil {
			return nil, err
		}
		if len(split.LeftOut) == 0 {
			continue
		}
		for i, file := range split.LeftOut {
			split.LeftOut[i] = filepath.Base(file)
		}
		if len(split.Kept) == 0 {
			errs = append(errs, fmt.Errorf("package %s needs cgo, and so a libc: for %s/%s without cgo none of its Go files is left (%s needs cgo):\n%s\n"+
				"Remove that dependency or replace it by one in pure Go", p.path, c.GOOS, c.GOARCH, shorten(split.LeftOut), p.chain()))
			continue
		}
		list = append(list, cgofiles.LeftOut{Package: p.path, Label: p.label, Files: split.LeftOut})
	}
	return list, errors.Join(errs...)
}

// shorten returns the first names of a list.
func shorten(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}
