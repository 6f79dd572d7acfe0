package sizes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Schema is the version of budget files.
const Schema = 1

// A Budget says for each file, by a name such as "linux_amd64", how large it and its parts may
// be. In JSON it is an object with "schema" and "files".
type Budget struct {
	Schema int              `json:"schema"`
	Files  map[string]Sizes `json:"files"`
}

// ParseBudget reads a budget file. Unknown keys are refused.
func ParseBudget(data []byte) (*Budget, error) {
	var b Budget
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("offset %d: data follows the object", dec.InputOffset())
	}
	if b.Schema != Schema {
		return nil, fmt.Errorf("schema is %d, want %d", b.Schema, Schema)
	}
	return &b, nil
}

// JSON returns the budget as indented JSON with a final newline, the same for the same sizes.
func (b *Budget) JSON() ([]byte, error) {
	out, err := json.MarshalIndent(b, "", "  ")
	return append(out, '\n'), err
}

// A Change is a part whose size differs from its budget.
type Change struct {
	Kind          string // "file", "section", "package" or "function"
	Name          string
	Budget, Found uint64 // bytes; a Budget of 0 means that the part is new, a Found of 0 that it is gone
}

// Grown reports whether the part is larger than tolerance percent above its budget.
func (c Change) Grown(tolerance float64) bool {
	return float64(c.Found) > float64(c.Budget)*(1+tolerance/100)
}

// Compare returns the parts of found that differ from those of budget: the file, then sections and packages by
// descending growth.
func Compare(budget, found Sizes) []Change {
	var out []Change
	if budget.File != found.File {
		out = append(out, Change{"file", "", budget.File, found.File})
	}
	for _, part := range []struct {
		kind          string
		budget, found map[string]uint64
	}{{"section", budget.Sections, found.Sections}, {"package", budget.Packages, found.Packages}} {
		out = append(out, changes(part.kind, part.budget, part.found)...)
	}
	return out
}

// Functions returns the functions of a package that have another size in found than in budget, by descending growth; known is false
// where the budget has no functions of that package to compare with, though it has the package.
func Functions(budget, found Sizes, pkg string) (changed []Change, known bool) {
	old, ok := budget.Functions[pkg]
	if !ok && budget.Packages[pkg] > 0 {
		return nil, false
	}
	return changes("function", old, found.Functions[pkg]), true
}

// changes returns what differs between two maps of sizes by name, by descending growth.
func changes(kind string, budget, found map[string]uint64) []Change {
	names := maps.Clone(budget)
	if names == nil {
		names = map[string]uint64{}
	}
	maps.Copy(names, found)
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if b, f := budget[name], found[name]; b != f {
			out = append(out, Change{kind, name, b, f})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return int(int64(b.Found-b.Budget) - int64(a.Found-a.Budget)) })
	return out
}
