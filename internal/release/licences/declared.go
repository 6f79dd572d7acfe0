package licences

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A Declaration is what a target says about the licence of a Go package.
type Declaration struct {
	Package string   // import path
	Module  string   // path, of which Package is; empty to find it by Package
	Label   string   // of the target that declares it
	Kinds   []string // SPDX identifiers: it is under all of them
	Text    string   // of the licence, which is believed if Kinds is empty
}

// licence returns the SPDX identifiers of d.
func (d Declaration) licence() []string {
	if len(d.Kinds) > 0 {
		return d.Kinds
	}
	return Detect(d.Text)
}

// byModule merges the declarations of the packages of each module: it is under all of them.
func byModule(declared []Declaration, modules []string) map[string]Finding {
	ids, labels := map[string][]string{}, map[string][]string{}
	for _, d := range declared {
		module := ""
		if slices.Contains(modules, d.Module) {
			module = d.Module
		}
		for _, m := range modules {
			if d.Module == "" && len(m) > len(module) && strings.HasPrefix(d.Package+"/", m+"/") {
				module = m
			}
		}
		if found := d.licence(); module != "" && len(found) > 0 {
			ids[module] = append(ids[module], found...)
			labels[module] = append(labels[module], d.Label)
		}
	}
	out := map[string]Finding{}
	for module := range ids {
		slices.Sort(ids[module])
		slices.Sort(labels[module])
		out[module] = Finding{
			Licence:    strings.Join(slices.Compact(ids[module]), " AND "),
			DeclaredBy: strings.Join(slices.Compact(labels[module]), ", "),
		}
	}
	return out
}

// The kinds of attributes of package_metadata that have licences: its own, and that of its version of rules_license.
var licenceAttributes = []string{"build.bazel.attribute.license", "build.bazel.rules_license.license"}

// A kind is how the attributes name a licence.
type kind struct {
	Identifier string `json:"identifier"`
}

// MetadataModule returns the path of the Go module that package_metadata's own file is about, as its package URL says; empty for another
// package.
func MetadataModule(metadata []byte) (string, error) {
	var m struct {
		PURL string `json:"purl"`
	}
	if err := json.Unmarshal(metadata, &m); err != nil {
		return "", fmt.Errorf("want a JSON object with a member purl: %w", err)
	}
	path, ok := strings.CutPrefix(m.PURL, "pkg:golang/")
	if !ok {
		return "", nil
	}
	path, _, _ = strings.Cut(path, "#")
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "@")
	path, err := url.PathUnescape(path)
	if err != nil {
		return "", fmt.Errorf("purl %q: %w", m.PURL, err)
	}
	return path, nil
}

// ReadMetadata returns the kinds and the text of the licence that the files of a package_metadata target declare, of which metadata is its
// own. file returns the contents of another one, by the path that Bazel has given it.
func ReadMetadata(metadata []byte, file func(path string) ([]byte, error)) (kinds []string, text string, err error) {
	var m struct {
		Attributes map[string]string `json:"attributes"`
	}
	if err := json.Unmarshal(metadata, &m); err != nil {
		return nil, "", fmt.Errorf("want a JSON object with a member attributes: %w", err)
	}
	for _, name := range licenceAttributes {
		path, ok := m.Attributes[name]
		if !ok {
			continue
		}
		data, err := file(path)
		if err != nil {
			return nil, "", fmt.Errorf("attribute %s: %w", name, err)
		}
		var licence struct {
			Kind  json.RawMessage `json:"kind"` // of rules_license it is a string
			Kinds []kind          `json:"license_kinds"`
			Text  string          `json:"text"`
		}
		if err := json.Unmarshal(data, &licence); err != nil {
			return nil, "", fmt.Errorf("%s: want the JSON object of a licence: %w", path, err)
		}
		var one kind
		if json.Unmarshal(licence.Kind, &one) == nil {
			licence.Kinds = append(licence.Kinds, one)
		}
		for _, k := range licence.Kinds {
			if id, ok := identifier(k.Identifier); ok {
				kinds = append(kinds, id)
			}
		}
		if licence.Text != "" {
			data, err := file(licence.Text)
			if err != nil {
				return nil, "", fmt.Errorf("%s: text: %w", path, err)
			}
			text = string(data)
		}
	}
	return kinds, text, nil
}

var identifierRE = regexp.MustCompile(`^[A-Za-z0-9.+-]+$`)

// identifier returns the SPDX identifier that a name of a licence is, such as MIT or @rules_license//licenses/spdx:MIT.
func identifier(name string) (id string, ok bool) {
	label, id, isLabel := strings.Cut(name, ":")
	if !isLabel {
		id = name
	} else if strings.HasSuffix(label, "//licenses/generic") {
		return "", false
	}
	return id, identifierRE.MatchString(id)
}
