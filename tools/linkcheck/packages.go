package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/exportdata"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/policy"
)

// runPackages is "linkcheck packages". It writes what `go list -deps -json` would, for builds
// that do not go by the go command.
func runPackages(e env, args []string) (int, error) {
	fs := flagSet("packages")
	standard := fs.String("standard", "", "`file` with the import paths of the standard library, one a line; its packages are listed without imports")
	out := fs.String("o", "", "write the list to `file` instead of standard output")
	files, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, errors.New("packages: want the export data of at least one package; see linkcheck packages -h")
	}
	var list []policy.ListedPackage
	if *standard != "" {
		text, err := inputfile.Read(*standard, inputfile.Text)
		if err != nil {
			return 0, err
		}
		for path := range strings.FieldsSeq(string(text)) {
			list = append(list, policy.ListedPackage{ImportPath: path, Standard: true})
		}
	}
	for _, file := range files {
		data, err := inputfile.Read(file, inputfile.Data)
		if err != nil {
			return 0, err
		}
		p, err := exportdata.Read(file, data)
		if err != nil {
			return 0, err
		}
		list = append(list, policy.ListedPackage{ImportPath: p.Path, Name: p.Name, Imports: p.Imports})
	}
	slices.SortStableFunc(list, func(a, b policy.ListedPackage) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	for _, p := range list {
		if err := enc.Encode(p); err != nil {
			return 0, err
		}
	}
	if *out != "" {
		return clean, atomicfile.Write(*out, 0o644, text.Bytes())
	}
	_, err = e.stdout.Write(text.Bytes())
	return clean, err
}
