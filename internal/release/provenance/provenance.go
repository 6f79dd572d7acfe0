// Package provenance says, as an in-toto statement with a SLSA v1 predicate, what a release was made from and by what. It refuses to say
// what it does not know: that a build service ran the build, or that it did so alone, only the service itself can say.
package provenance

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/sbom"
)

// Types (https://in-toto.io/Statement/v1, https://slsa.dev/spec/v1.0/provenance).
const (
	statementType = "https://in-toto.io/Statement/v1"
	predicateType = "https://slsa.dev/provenance/v1"

	// sourceName is what the source repository is called among dependencies, and unnamed its URI where it is not known.
	sourceName = "source"
	unnamed    = "git:unnamed"

	// BuildType names what externalParameters mean: docs/releases.md, "Provenance".
	BuildType = "https://github.com/go3s/rules_go3s/blob/main/docs/releases.md#provenance"
	// Unhosted is the builder where none is named: any machine with Bazel.
	Unhosted = "https://github.com/go3s/rules_go3s/blob/main/docs/releases.md#builder"
)

// A Statement is about the files of a release.
type Statement struct {
	Type          string     `json:"_type"`
	Subject       []Resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     Predicate  `json:"predicate"`
}

// A Resource is a file, or a Go module.
type Resource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

// A Predicate is a SLSA v1 provenance.
type Predicate struct {
	Definition Definition `json:"buildDefinition"`
	Details    Details    `json:"runDetails"`
}

// A Definition says what was asked for and what went in.
type Definition struct {
	BuildType    string     `json:"buildType"`
	External     Parameters `json:"externalParameters"`
	Dependencies []Resource `json:"resolvedDependencies"`
}

// Parameters are what a user chooses: the target that was built, and what it says.
type Parameters struct {
	Target   string   `json:"target"`
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Date     string   `json:"date"`
	Programs []string `json:"programs"` // label, platform and mode
}

// Details say what built it.
type Details struct {
	Builder Builder `json:"builder"`
}

// A Builder is who vouches for the build.
type Builder struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version"`
}

// New returns the statement about x, of which the files so far are the subjects. infos has the build information of each of x.Programs,
// nil for a program that is not Go. source is the URI of the source repository; empty if unknown.
func New(x *index.Index, bill *sbom.Bill, infos []*debug.BuildInfo, source, builder string) (*Statement, error) {
	s := &Statement{Type: statementType, PredicateType: predicateType}
	for _, f := range x.Files {
		s.Subject = append(s.Subject, Resource{Name: f.Path, Digest: map[string]string{"sha256": f.SHA256}})
	}
	if builder == "" {
		builder = Unhosted
	}
	s.Predicate.Details.Builder = Builder{ID: builder, Version: map[string]string{"rules_go3s": index.BuilderVersion}}
	d := &s.Predicate.Definition
	d.BuildType = BuildType
	d.External = Parameters{Target: x.Label, Name: x.Name, Version: x.Version, Date: x.Date}
	for _, p := range x.Programs {
		d.External.Programs = append(d.External.Programs, fmt.Sprintf("%s %s %s", p.Label, p.Platform, p.Mode))
	}
	commits := map[string]bool{}
	for _, info := range infos {
		if c := commit(info); c != "" {
			commits[c] = true
		}
	}
	if len(commits) > 1 {
		return nil, fmt.Errorf("the programs were built from %d commits, want one", len(commits))
	}
	for c := range commits {
		uri := source
		if uri == "" {
			uri = unnamed
		}
		d.Dependencies = append(d.Dependencies, Resource{Name: sourceName, URI: uri, Digest: map[string]string{"gitCommit": c}})
	}
	if len(commits) == 0 && source != "" {
		d.Dependencies = append(d.Dependencies, Resource{Name: sourceName, URI: source})
	}
	modules, err := dependencies(bill)
	d.Dependencies = append(d.Dependencies, modules...)
	return s, err
}

// commit returns the commit that a program was built from, empty where it does not say (docs/buildinfo.md: with --stamp it does).
func commit(info *debug.BuildInfo) string {
	if info == nil {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return ""
}

// dependencies returns the modules of the bill, and Go itself. A module's sum is what in-toto calls dirHash1.
func dependencies(bill *sbom.Bill) ([]Resource, error) {
	var out []Resource
	for _, p := range bill.Programs {
		for _, m := range p.Modules {
			r := Resource{URI: m.PURL()}
			if m.Sum != "" {
				sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:"))
				if err != nil {
					return nil, fmt.Errorf("module %s: sum %q: %w", m.PURL(), m.Sum, err)
				}
				r.Digest = map[string]string{"dirHash1": hex.EncodeToString(sum)}
			}
			if !slices.ContainsFunc(out, func(o Resource) bool { return o.URI == r.URI && o.Digest["dirHash1"] == r.Digest["dirHash1"] }) {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b Resource) int { return strings.Compare(a.URI, b.URI) })
	return out, nil
}

// Source returns the URI of the source repository, empty if the statement has none.
func (s *Statement) Source() string {
	for _, d := range s.Predicate.Definition.Dependencies {
		if d.Name == sourceName && d.URI != unnamed {
			return d.URI
		}
	}
	return ""
}

// Parse reads a statement.
func Parse(data []byte) (*Statement, error) {
	var s Statement
	if err := index.Decode(data, &s); err != nil {
		return nil, err
	}
	if s.Type != statementType || s.PredicateType != predicateType {
		return nil, fmt.Errorf("_type is %q, predicateType %q, want %q, %q", s.Type, s.PredicateType, statementType, predicateType)
	}
	return &s, nil
}
