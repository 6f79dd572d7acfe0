package sbom

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/release/index"
)

// # SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3), in JSON
//
// A package for the release, one for each program on each platform, one for each module. The release CONTAINS programs, a program has a
// STATIC_LINK to modules, and rules_go3s is a BUILD_TOOL_OF the release. SPDX has no place for go.sum's sums: they are in sourceInfo.

type spdxDocument struct {
	Version       string             `json:"spdxVersion"`
	DataLicence   string             `json:"dataLicense"`
	ID            string             `json:"SPDXID"`
	Name          string             `json:"name"`
	Namespace     string             `json:"documentNamespace"`
	Creation      spdxCreation       `json:"creationInfo"`
	Packages      []spdxPackage      `json:"packages"`
	Relationships []spdxRelationship `json:"relationships"`
}

type spdxCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	ID               string         `json:"SPDXID"`
	Name             string         `json:"name"`
	Version          string         `json:"versionInfo,omitempty"`
	File             string         `json:"packageFileName,omitempty"`
	Download         string         `json:"downloadLocation"`
	FilesAnalyzed    bool           `json:"filesAnalyzed"`
	Checksums        []spdxChecksum `json:"checksums,omitempty"`
	SourceInfo       string         `json:"sourceInfo,omitempty"`
	LicenceConcluded string         `json:"licenseConcluded"`
	LicenceDeclared  string         `json:"licenseDeclared"`
	Copyright        string         `json:"copyrightText"`
	Refs             []spdxRef      `json:"externalRefs,omitempty"`
	Purpose          string         `json:"primaryPackagePurpose"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxRelationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

const (
	noAssertion  = "NOASSERTION"
	spdxVersion  = "SPDX-2.3"
	spdxDocID    = "SPDXRef-DOCUMENT"
	spdxRootID   = "SPDXRef-release"
	spdxToolID   = "SPDXRef-rules-go3s"
	spdxSum      = "go.sum: "
	builderURL   = "https://github.com/go3s/rules_go3s"
	relDescribes = "DESCRIBES"
	relContains  = "CONTAINS"
	relLinks     = "STATIC_LINK"
	relBuilds    = "BUILD_TOOL_OF"
)

var spdxUnsafe = regexp.MustCompile(`[^a-zA-Z0-9.-]+`)

// spdxID returns an identifier that reads like text and is of no other text.
func spdxID(text string) string {
	return "SPDXRef-" + spdxUnsafe.ReplaceAllString(text, "-") + "-" + index.Sum([]byte(text))[:8]
}

// SPDX returns the bill as an SPDX document.
func (b *Bill) SPDX() ([]byte, error) {
	doc := spdxDocument{
		Version:     spdxVersion,
		DataLicence: "CC0-1.0",
		ID:          spdxDocID,
		Name:        b.Name + "-" + b.Version,
		Namespace:   fmt.Sprintf("%s/spdx/%s-%s-%s", builderURL, b.Name, b.Version, b.digest()),
		Creation:    spdxCreation{Created: b.Date, Creators: []string{"Tool: rules_go3s-" + index.BuilderVersion}},
	}
	add := func(p spdxPackage) {
		p.Download, p.LicenceConcluded, p.Copyright = noAssertion, noAssertion, noAssertion
		if p.LicenceDeclared == "" {
			p.LicenceDeclared = noAssertion
		}
		doc.Packages = append(doc.Packages, p)
	}
	relate := func(from, kind, to string) {
		doc.Relationships = append(doc.Relationships, spdxRelationship{from, kind, to})
	}
	add(spdxPackage{ID: spdxRootID, Name: b.Name, Version: b.Version, Purpose: "APPLICATION"})
	add(spdxPackage{ID: spdxToolID, Name: "rules_go3s", Version: index.BuilderVersion, Purpose: "APPLICATION"})
	relate(spdxDocID, relDescribes, spdxRootID)
	relate(spdxToolID, relBuilds, spdxRootID)
	for _, p := range b.Programs {
		id := spdxID(p.Name + "_" + p.Platform)
		add(spdxPackage{
			ID:        id,
			Name:      p.Name,
			Version:   b.Version,
			File:      p.Platform + "/" + p.Name,
			Checksums: []spdxChecksum{{"SHA256", p.SHA256}},
			Purpose:   "APPLICATION",
		})
		relate(spdxRootID, relContains, id)
		for _, m := range p.Modules {
			relate(id, relLinks, spdxID(m.fact()))
		}
	}
	for _, m := range b.modules() {
		p := spdxPackage{
			ID:              spdxID(m.fact()),
			Name:            m.Path,
			Version:         m.Version,
			LicenceDeclared: m.Licence,
			Refs:            []spdxRef{{"PACKAGE-MANAGER", "purl", m.PURL()}},
			Purpose:         "LIBRARY",
		}
		if m.Sum != "" {
			p.SourceInfo = spdxSum + m.Sum
		}
		add(p)
	}
	return index.Encode(doc)
}

// ReadSPDX returns the bill that an SPDX document of SPDX says.
func ReadSPDX(data []byte) (*Bill, error) {
	var doc spdxDocument
	if err := index.Decode(data, &doc); err != nil {
		return nil, err
	}
	if doc.Version != spdxVersion {
		return nil, fmt.Errorf("spdxVersion is %q, want %q", doc.Version, spdxVersion)
	}
	b := &Bill{Date: doc.Creation.Created}
	packages := map[string]spdxPackage{}
	for _, p := range doc.Packages {
		if _, ok := packages[p.ID]; ok {
			return nil, fmt.Errorf("the identifier %s is there twice", p.ID)
		}
		packages[p.ID] = p
	}
	named := map[string]bool{}
	get := func(id string) spdxPackage { named[id] = true; return packages[id] }
	programs := map[string]int{}
	for _, r := range doc.Relationships {
		to := get(r.To)
		switch from := get(r.From); {
		case r.Type == relDescribes && r.From == spdxDocID:
			b.Name, b.Version = to.Name, to.Version
		case r.Type == relBuilds && from.ID == spdxToolID:
		case r.Type == relContains && r.From == spdxRootID:
			platform, _, _ := strings.Cut(to.File, "/")
			if len(to.Checksums) != 1 || to.Checksums[0].Algorithm != "SHA256" {
				return nil, fmt.Errorf("%s: want one checksum, SHA256", to.ID)
			}
			programs[to.ID] = len(b.Programs)
			b.Programs = append(b.Programs, Program{Name: to.Name, Platform: platform, SHA256: to.Checksums[0].Value})
		case r.Type == relLinks:
			i, ok := programs[r.From]
			if !ok {
				return nil, fmt.Errorf("relationship %s of %s: want it of a program that the release contains", r.Type, r.From)
			}
			m, err := spdxModule(to)
			if err != nil {
				return nil, err
			}
			b.Programs[i].Modules = append(b.Programs[i].Modules, m)
		default:
			return nil, fmt.Errorf("relationship %s %s %s is none of a release", r.From, r.Type, r.To)
		}
	}
	for _, p := range doc.Packages {
		if !named[p.ID] {
			return nil, fmt.Errorf("the package %s has no relationship", p.ID)
		}
	}
	return b, nil
}

func spdxModule(p spdxPackage) (Module, error) {
	m := Module{Path: p.Name, Version: p.Version, Sum: strings.TrimPrefix(p.SourceInfo, spdxSum), Licence: p.LicenceDeclared}
	if m.Licence == noAssertion {
		m.Licence = ""
	}
	if !slices.Equal(p.Refs, []spdxRef{{"PACKAGE-MANAGER", "purl", m.PURL()}}) {
		return m, fmt.Errorf("%s: want the package URL %s and no other reference", p.ID, m.PURL())
	}
	return m, nil
}
