package sbom

import (
	"fmt"
	"slices"

	"github.com/go3s/rules_go3s/internal/release/index"
)

// # CycloneDX 1.6 (ECMA-424), in JSON
//
// The release is metadata.component; programs and modules are components; a program depends on the modules that are linked into it. What
// CycloneDX has no field for is in properties with the prefix rules_go3s.

type cdxDocument struct {
	Format       string          `json:"bomFormat"`
	Spec         string          `json:"specVersion"`
	Serial       string          `json:"serialNumber"`
	Version      int             `json:"version"`
	Metadata     cdxMetadata     `json:"metadata"`
	Components   []cdxComponent  `json:"components"`
	Dependencies []cdxDependency `json:"dependencies"`
}

type cdxMetadata struct {
	Timestamp string `json:"timestamp"`
	Tools     struct {
		Components []cdxComponent `json:"components"`
	} `json:"tools"`
	Component cdxComponent `json:"component"`
}

type cdxComponent struct {
	Type       string        `json:"type"`
	Ref        string        `json:"bom-ref,omitempty"`
	Name       string        `json:"name"`
	Version    string        `json:"version,omitempty"`
	Hashes     []cdxHash     `json:"hashes,omitempty"`
	Licences   []cdxLicence  `json:"licenses,omitempty"`
	PURL       string        `json:"purl,omitempty"`
	Properties []cdxProperty `json:"properties,omitempty"`
}

type cdxHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type cdxLicence struct {
	Expression string `json:"expression"`
}

type cdxProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type cdxDependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

const (
	cdxSpec     = "1.6"
	cdxRoot     = "release"
	cdxPlatform = "rules_go3s:platform"
	cdxSum      = "rules_go3s:go.sum"
)

// CycloneDX returns the bill as a CycloneDX document.
func (b *Bill) CycloneDX() ([]byte, error) {
	d := b.digest()
	doc := cdxDocument{
		Format: "CycloneDX",
		Spec:   cdxSpec,
		// A UUID of version 8, which is any digest (RFC 9562).
		Serial:     fmt.Sprintf("urn:uuid:%s-%s-8%s-8%s-%s", d[:8], d[8:12], d[12:15], d[15:18], d[18:30]),
		Version:    1,
		Components: []cdxComponent{},
	}
	doc.Metadata.Timestamp = b.Date
	doc.Metadata.Tools.Components = []cdxComponent{{Type: "application", Name: "rules_go3s", Version: index.BuilderVersion}}
	doc.Metadata.Component = cdxComponent{Type: "application", Ref: cdxRoot, Name: b.Name, Version: b.Version}
	top := cdxDependency{Ref: cdxRoot}
	var dependencies []cdxDependency
	for _, p := range b.Programs {
		dependency := cdxDependency{Ref: p.Platform + "/" + p.Name}
		doc.Components = append(doc.Components, cdxComponent{
			Type:       "application",
			Ref:        dependency.Ref,
			Name:       p.Name,
			Version:    b.Version,
			Hashes:     []cdxHash{{"SHA-256", p.SHA256}},
			Properties: []cdxProperty{{cdxPlatform, p.Platform}},
		})
		top.DependsOn = append(top.DependsOn, dependency.Ref)
		for _, m := range p.Modules {
			dependency.DependsOn = append(dependency.DependsOn, m.fact())
		}
		dependencies = append(dependencies, dependency)
	}
	for _, m := range b.modules() {
		c := cdxComponent{Type: "library", Ref: m.fact(), Name: m.Path, Version: m.Version, PURL: m.PURL()}
		if m.Licence != "" {
			c.Licences = []cdxLicence{{m.Licence}}
		}
		if m.Sum != "" {
			c.Properties = []cdxProperty{{cdxSum, m.Sum}}
		}
		doc.Components = append(doc.Components, c)
	}
	doc.Dependencies = append([]cdxDependency{top}, dependencies...)
	return index.Encode(doc)
}

// ReadCycloneDX returns the bill that a CycloneDX document of CycloneDX says.
func ReadCycloneDX(data []byte) (*Bill, error) {
	var doc cdxDocument
	if err := index.Decode(data, &doc); err != nil {
		return nil, err
	}
	if doc.Format != "CycloneDX" || doc.Spec != cdxSpec {
		return nil, fmt.Errorf("bomFormat is %q, specVersion %q, want CycloneDX %s", doc.Format, doc.Spec, cdxSpec)
	}
	b := &Bill{Name: doc.Metadata.Component.Name, Version: doc.Metadata.Component.Version, Date: doc.Metadata.Timestamp}
	components := map[string]cdxComponent{}
	for _, c := range doc.Components {
		if _, ok := components[c.Ref]; ok {
			return nil, fmt.Errorf("the bom-ref %q is there twice", c.Ref)
		}
		components[c.Ref] = c
	}
	named := map[string]bool{}
	var top []string
	for _, d := range doc.Dependencies {
		if d.Ref == cdxRoot {
			top = d.DependsOn
			continue
		}
		c, ok := components[d.Ref]
		if !ok || len(c.Hashes) != 1 || c.Hashes[0].Algorithm != "SHA-256" ||
			len(c.Properties) != 1 || c.Properties[0].Name != cdxPlatform {
			return nil, fmt.Errorf("dependencies: %q is no program with a SHA-256 and a platform", d.Ref)
		}
		named[d.Ref] = true
		p := Program{Name: c.Name, Platform: c.Properties[0].Value, SHA256: c.Hashes[0].Content}
		for _, ref := range d.DependsOn {
			m, err := cdxModule(components[ref])
			if err != nil {
				return nil, fmt.Errorf("%q: %w", ref, err)
			}
			named[ref] = true
			p.Modules = append(p.Modules, m)
		}
		b.Programs = append(b.Programs, p)
		if !slices.Contains(top, d.Ref) {
			return nil, fmt.Errorf("dependencies: the release does not depend on %q", d.Ref)
		}
	}
	if len(top) != len(b.Programs) {
		return nil, fmt.Errorf("dependencies: the release depends on %d programs, and %d are listed", len(top), len(b.Programs))
	}
	for _, c := range doc.Components {
		if !named[c.Ref] {
			return nil, fmt.Errorf("nothing depends on the component %q", c.Ref)
		}
	}
	return b, nil
}

func cdxModule(c cdxComponent) (Module, error) {
	m := Module{Path: c.Name, Version: c.Version}
	for _, l := range c.Licences {
		m.Licence = l.Expression
	}
	for _, p := range c.Properties {
		if p.Name == cdxSum {
			m.Sum = p.Value
		}
	}
	if c.PURL != m.PURL() {
		return m, fmt.Errorf("its purl is %q, want %q", c.PURL, m.PURL())
	}
	return m, nil
}
