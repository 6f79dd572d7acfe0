// Package licences finds out under which licences modules are, from what a release says of them, what targets declare and the texts in
// them, and holds that to a policy. It is no legal advice, and it refuses to guess: a text that is no known licence for the greater part
// is unknown.
package licences

import (
	"cmp"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/google/licensecheck"

	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/sbom"
)

// SchemaTexts is the version of files with texts.
const SchemaTexts = 1

// Texts are the licence files of modules, as the module extension go_licenses collects them.
type Texts struct {
	Schema  int      `json:"schema"`
	Modules []Module `json:"modules"`
}

// A Module has licence files.
type Module struct {
	Path    string            `json:"path"`
	Version string            `json:"version"`
	Files   map[string]string `json:"files"` // name to text
}

// ParseTexts reads texts.
func ParseTexts(data []byte) (*Texts, error) {
	var t Texts
	if err := index.Decode(data, &t); err != nil {
		return nil, err
	}
	if t.Schema != SchemaTexts {
		return nil, fmt.Errorf("schema is %d, want %d", t.Schema, SchemaTexts)
	}
	for i, m := range t.Modules {
		if m.Path == "" {
			return nil, fmt.Errorf("modules[%d]: path is empty", i)
		}
	}
	return &t, nil
}

// minCoverage is how many percent of a file's words belong to licences that are known, at least, for it to count as one.
const minCoverage = 75

// Detect returns the SPDX identifiers of the licences of which text consists, sorted; none if most of it is something else.
func Detect(text string) []string {
	cover := licensecheck.Scan([]byte(text))
	if cover.Percent < minCoverage {
		return nil
	}
	var ids []string
	for _, m := range cover.Match {
		if !m.IsURL {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// A Finding says what is known of one module.
type Finding struct {
	Path    string   `json:"path"`
	Version string   `json:"version"`
	Licence string   `json:"license"` // SPDX expression; empty if unknown
	Files   []string `json:"files"`   // names of the files with it
	// DeclaredBy is what says so where no file does: a label, the attribute license or licenses_override.
	DeclaredBy string `json:"declared_by,omitempty"`
}

// Find returns what t says of a module. A module with several licences is under all of them: which of them one may choose from, no text
// says by its name. Texts without a version are of any.
func (t *Texts) Find(path, version string) Finding {
	f := Finding{Path: path, Version: version, Files: []string{}}
	if t == nil {
		return f
	}
	var ids []string
	for _, m := range t.Modules {
		if m.Path != path || m.Version != "" && m.Version != version {
			continue
		}
		for name, text := range m.Files {
			if found := Detect(text); found != nil {
				ids = append(ids, found...)
				f.Files = append(f.Files, name)
			}
		}
	}
	slices.Sort(f.Files)
	slices.Sort(ids)
	f.Licence = strings.Join(slices.Compact(ids), " AND ")
	return f
}

// A List is the licences of all modules of a release.
type List struct {
	Schema  int       `json:"schema"`
	Modules []Finding `json:"modules"` // sorted by path and version
}

// Sources are what says under which licence a module is, in the order in which it is believed.
type Sources struct {
	// Overrides has SPDX expressions by path, or by PATH@VERSION, which goes before.
	Overrides map[string]string
	Own       string // SPDX expression of main modules; empty if unknown
	Declared  []Declaration
	Texts     *Texts // may be nil
}

// Table returns the licences of the modules of programs, of which infos is the build information; nil for a program that is not Go. The
// main modules are among them; Go's standard library is not. It refuses overrides of modules that are not linked.
func Table(infos []*debug.BuildInfo, from Sources) (*List, error) {
	l := &List{Schema: SchemaTexts, Modules: []Finding{}}
	seen := map[[2]string]bool{}
	var linked []string
	for _, info := range infos {
		for _, m := range sbom.Linked(info) {
			linked = append(linked, m.Path)
		}
	}
	declared := byModule(from.Declared, linked)
	used := map[string]bool{}
	for _, info := range infos {
		for _, m := range sbom.Linked(info) {
			key := [2]string{m.Path, m.Version}
			if seen[key] {
				continue
			}
			seen[key] = true
			f := Finding{Path: m.Path, Version: m.Version, Files: []string{}}
			used[m.Path], used[m.Path+"@"+m.Version] = true, true
			override := cmp.Or(from.Overrides[m.Path+"@"+m.Version], from.Overrides[m.Path])
			switch declared := declared[m.Path]; {
			case override != "":
				f.Licence, f.DeclaredBy = override, "licenses_override"
			case m.Path == info.Main.Path && from.Own != "":
				f.Licence, f.DeclaredBy = from.Own, "license"
			case declared.Licence != "":
				f.Licence, f.DeclaredBy = declared.Licence, declared.DeclaredBy
			default:
				f = from.Texts.Find(m.Path, m.Version)
			}
			l.Modules = append(l.Modules, f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from.Overrides)) {
		if !used[name] {
			return nil, fmt.Errorf("licenses_override: %s: no program is linked from it; name a module of the release, or remove it", name)
		}
	}
	slices.SortFunc(l.Modules, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Version, b.Version))
	})
	return l, nil
}

// Licence returns the SPDX expression of a module, empty if it is unknown.
func (l *List) Licence(path, version string) string {
	for _, m := range l.Modules {
		if m.Path == path && m.Version == version {
			return m.Licence
		}
	}
	return ""
}

// ParseList reads a list.
func ParseList(data []byte) (*List, error) {
	var l List
	if err := index.Decode(data, &l); err != nil {
		return nil, err
	}
	if l.Schema != SchemaTexts {
		return nil, fmt.Errorf("schema is %d, want %d", l.Schema, SchemaTexts)
	}
	return &l, nil
}

// A Policy says which licences modules may have. Empty, it allows all.
type Policy struct {
	Allow       []string `json:"allow"` // if not empty, nothing else is allowed
	Deny        []string `json:"deny"`
	DenyUnknown bool     `json:"deny_unknown"`
}

// Check returns what is wrong with the findings, nil if nothing is. infos is the build information of the programs with these labels.
func (p Policy) Check(findings []Finding, labels []string, infos []*debug.BuildInfo) error {
	const remedy = "; do without the module, allow the licence, or correct it by licenses_override"
	var problems []string
	for _, f := range findings {
		name := f.Path
		if f.Version != "" {
			name += "@" + f.Version
		}
		name += ", in " + strings.Join(linkedInto(f, labels, infos), ", ")
		if f.Licence == "" {
			if p.DenyUnknown {
				problems = append(problems,
					name+": no licence is known; give its text in module_licenses, name it in licenses_override, or set licenses_unknown = \"allow\"")
			}
			continue
		}
		from := "as " + f.DeclaredBy + " says"
		if len(f.Files) > 0 {
			from = "by " + strings.Join(f.Files, ", ")
		}
		e, err := ParseExpression(f.Licence)
		if err != nil {
			return fmt.Errorf("licence of %s, %s: %w", name, from, err)
		}
		problems = append(problems, e.Problems(func(id string) string {
			if verdict := p.judge(id); verdict != "" {
				return fmt.Sprintf("%s: it is under %s (%s), which %s%s", name, id, from, verdict, remedy)
			}
			return ""
		})...)
	}
	if problems == nil {
		return nil
	}
	return fmt.Errorf("licence policy: %s", strings.Join(problems, "\n  "))
}

// judge returns what is wrong with a licence, "" if nothing is. An exception permits more than the licence does, so what is said of the
// licence counts.
func (p Policy) judge(id string) string {
	licence, _, _ := strings.Cut(id, " WITH ")
	named := func(list []string) bool { return slices.Contains(list, id) || slices.Contains(list, licence) }
	switch {
	case named(p.Deny):
		return "licenses_deny names"
	case len(p.Allow) > 0 && !named(p.Allow):
		return "is not in licenses_allow"
	}
	return ""
}

// linkedInto returns the labels of the programs that a module is linked into, sorted.
func linkedInto(f Finding, labels []string, infos []*debug.BuildInfo) []string {
	var out []string
	for i, info := range infos {
		for _, m := range sbom.Linked(info) {
			if m.Path == f.Path && m.Version == f.Version {
				out = append(out, labels[i])
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
