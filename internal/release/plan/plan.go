// Package plan reads what a build says a release consists of. Files are named by ids; where each is, the command line says, so that
// paths of the build are in no output. It refuses a plan that would not make a release: two programs of one name, a
// name that is no file name, an unknown archive format.
package plan

import (
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/release/archive"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/licences"
	"github.com/go3s/rules_go3s/internal/release/oci"
)

// A Plan is a release before it is made.
type Plan struct {
	Label    string    `json:"label"` // the target, as messages name it
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Epoch    int64     `json:"epoch"` // seconds since 1970: the date of every entry (SOURCE_DATE_EPOCH)
	Archives []string  `json:"archives"`
	Programs []Program `json:"programs"`
	Files    []File    `json:"files"`

	Attachments []File `json:"attachments"` // beside the archives; their kind and path are empty

	Packages []string       `json:"packages"` // some of deb, rpm
	Package  *index.Package `json:"package"`  // what they say; null without Packages
	Image    *Image         `json:"image"`    // null for none

	Licence  string   `json:"license"`  // SPDX expression of the main modules and packages; empty if unknown
	Licences []string `json:"licenses"` // ids of files with texts (package licences)
	// Declared is what targets of Go packages say of licences, and Overrides what the release says (package licences).
	Declared  []Declared        `json:"declared_licenses"`
	Overrides map[string]string `json:"license_overrides"`
	Policy    licences.Policy   `json:"license_policy"`
	Source    string            `json:"source"`  // URI of the source repository; empty if unknown
	Builder   string            `json:"builder"` // URI of who vouches for the build; empty for nobody
	Key       string            `json:"key"`     // id of the private key; empty for no signatures
	OpenPGP   string            `json:"openpgp"` // id of the secret OpenPGP key; empty for no signature by one
}

// An Image is what images of all platforms have.
type Image struct {
	oci.Config
	Ref     string `json:"ref"`      // name in the layout, such as a tag
	CARoots string `json:"ca_roots"` // id of certificates in PEM; empty for none
	TZData  string `json:"tzdata"`   // id of a zip archive of time zones, as Go's lib/time/zoneinfo.zip; empty for none
}

// Declared is what a target says about the licence of a Go package. Kinds and Text are of rules_license.
type Declared struct {
	Package  string   `json:"package"` // import path
	Label    string   `json:"label"`   // of the target
	Kinds    []string `json:"kinds"`
	Text     string   `json:"text"`     // id; empty for none
	Metadata []string `json:"metadata"` // ids: package_metadata's own file, and those of its attributes if Label is of it
}

// A Program is one executable.
type Program struct {
	Name       string `json:"name"`
	Label      string `json:"label"`
	Platform   string `json:"platform"`
	GOARCH     string `json:"goarch"`
	Mode       string `json:"mode"`
	Profile    string `json:"profile"`
	Executable string `json:"executable"` // id
	Report     string `json:"report"`     // id of linkcheck's report
	Symbols    string `json:"symbols"`    // id of what traceback = "external" took out; empty for nothing
}

// Kinds of files beside programs.
const (
	Doc        = "doc"        // README and the like, licence texts
	Man        = "man"        // manual page; its name ends with the section
	Completion = "completion" // of a shell; bash: NAME.bash, zsh: _NAME, fish: NAME.fish
	Other      = "file"       // at Path
)

// A File goes into every archive and package.
type File struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	Name string `json:"name"` // base name
	Path string `json:"path"` // of kind Other: below the prefix
}

var (
	nameRE     = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._+-]*$`)
	versionRE  = regexp.MustCompile(`^[0-9a-zA-Z][0-9a-zA-Z.+~-]*$`)
	platformRE = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]*$`)
)

// Parse reads a plan.
func Parse(text string) (*Plan, error) {
	var p Plan
	if err := index.Decode([]byte(text), &p); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", p.Label, err)
	}
	return &p, nil
}

func (p *Plan) check() error {
	if !nameRE.MatchString(p.Name) {
		return fmt.Errorf("name %q: want letters, digits, \".\", \"_\", \"+\" and \"-\", as it is part of file names", p.Name)
	}
	if !versionRE.MatchString(p.Version) {
		return fmt.Errorf("version %q: want letters, digits, \".\", \"+\", \"~\" and \"-\", as it is part of file names", p.Version)
	}
	if len(p.Archives) == 0 && len(p.Packages) == 0 && p.Image == nil {
		return fmt.Errorf("archives is empty, and there are no packages and no image: nothing would hold the programs")
	}
	if len(p.Programs) == 0 {
		return fmt.Errorf("programs: none, want one at least")
	}
	seen := map[[2]string]string{}
	for _, program := range p.Programs {
		if !nameRE.MatchString(program.Name) {
			return fmt.Errorf("program %s: name %q: want letters, digits, \".\", \"_\", \"+\" and \"-\"", program.Label, program.Name)
		}
		if !platformRE.MatchString(program.Platform) {
			return fmt.Errorf("program %s: platform %q: want letters, digits, \"_\" and \"-\"", program.Label, program.Platform)
		}
		key := [2]string{program.Name, program.Platform}
		if other, ok := seen[key]; ok {
			return fmt.Errorf("programs: %s and %s are both %q on %s; give one another name: programs = {%q: \"NAME\"}",
				other, program.Label, program.Name, program.Platform, program.Label)
		}
		seen[key] = program.Label
	}
	for i, format := range p.Archives {
		if !slices.Contains(archive.Formats, format) {
			return fmt.Errorf("archives: %q is no format, want some of %s", format, strings.Join(archive.Formats, ", "))
		}
		if slices.Contains(p.Archives[:i], format) {
			return fmt.Errorf("archives: %q is there twice", format)
		}
	}
	for _, f := range p.Files {
		if _, err := f.Place(""); err != nil {
			return err
		}
	}
	if err := p.checkStatements(); err != nil {
		return err
	}
	for _, f := range p.Attachments {
		if !nameRE.MatchString(f.Name) || reserved(f.Name) {
			return fmt.Errorf("attachments: %s: want a name of letters, digits, \".\", \"_\", \"+\" and \"-\", and none that every release has; "+
				"rename the file", f.Name)
		}
	}
	for i, kind := range p.Packages {
		if kind != "deb" && kind != "rpm" {
			return fmt.Errorf("packages: %q is no kind of package, want deb or rpm", kind)
		}
		if slices.Contains(p.Packages[:i], kind) {
			return fmt.Errorf("packages: %q is there twice", kind)
		}
	}
	if len(p.Packages) > 0 {
		if err := p.PackageFor("amd64").Check(); err != nil {
			return err
		}
	}
	return p.checkImage()
}

// maxEpoch is the last second of the year 9999, after which dates have no form in JSON (RFC 3339).
const maxEpoch = 253402300799

// checkStatements checks what bills of materials and provenance say in the form that others gave it.
func (p *Plan) checkStatements() error {
	if p.Epoch < 0 || p.Epoch > maxEpoch {
		return fmt.Errorf("source_date_epoch %d: want seconds since 1970, up to the end of the year 9999", p.Epoch)
	}
	for _, of := range []struct{ name, uri string }{{"source", p.Source}, {"builder", p.Builder}} {
		if u, err := url.Parse(of.uri); of.uri != "" && (err != nil || !u.IsAbs()) {
			return fmt.Errorf("%s %q: want a URI, such as git+https://example.com/app", of.name, of.uri)
		}
	}
	if p.Licence != "" {
		if _, err := licences.ParseExpression(p.Licence); err != nil {
			return fmt.Errorf("license: %w", err)
		}
	}
	for _, module := range slices.Sorted(maps.Keys(p.Overrides)) {
		if _, err := licences.ParseExpression(p.Overrides[module]); err != nil {
			return fmt.Errorf("licenses_override: %s: %w", module, err)
		}
	}
	return nil
}

// reserved reports whether every release has a file of that name, or of that ending.
func reserved(name string) bool {
	return name == index.Name || name == index.ImageFolder || strings.HasPrefix(name, index.Sums) ||
		strings.HasSuffix(strings.TrimSuffix(name, index.Bundle), index.Provenance)
}

func (p *Plan) checkImage() error {
	if p.Image == nil {
		return nil
	}
	if len(p.Image.Entrypoint) != 1 {
		return fmt.Errorf("image_entrypoint: want the name of one program")
	}
	platforms := map[string]string{}
	for _, platform := range p.Platforms() {
		if !slices.ContainsFunc(p.On(platform), func(program Program) bool { return "/usr/bin/"+program.Name == p.Image.Entrypoint[0] }) {
			return fmt.Errorf("image_entrypoint: %q is no program of the release for %s", path.Base(p.Image.Entrypoint[0]), platform)
		}
		on := oci.PlatformOf(p.On(platform)[0].GOARCH, platform)
		key := on.Architecture + "/" + on.Variant
		if other, ok := platforms[key]; ok {
			return fmt.Errorf("image: %s and %s are both %s/%s to a container runtime; make a release of its own for one of them",
				other, platform, on.OS, key)
		}
		platforms[key] = platform
	}
	return p.Image.Check()
}

// PackageFor returns what a package for a machine says of itself.
func (p *Plan) PackageFor(goarch string) *archive.Package {
	return &archive.Package{Package: *p.Package, Version: p.Version, GOARCH: goarch}
}

// Date returns the date of every entry.
func (p *Plan) Date() time.Time { return time.Unix(p.Epoch, 0).UTC() }

// Platforms returns the platforms in the order in which programs name them.
func (p *Plan) Platforms() []string {
	var out []string
	for _, program := range p.Programs {
		if !slices.Contains(out, program.Platform) {
			out = append(out, program.Platform)
		}
	}
	return out
}

// On returns the programs for a platform.
func (p *Plan) On(platform string) []Program {
	var out []Program
	for _, program := range p.Programs {
		if program.Platform == platform {
			out = append(out, program)
		}
	}
	return out
}

// Place returns the path of f below the prefix, in which documents are in the folder docs.
func (f File) Place(docs string) (string, error) {
	switch f.Kind {
	case Doc:
		return path.Join(docs, f.Name), nil
	case Man:
		section := strings.TrimPrefix(path.Ext(f.Name), ".")
		if len(section) == 0 || section[0] < '1' || section[0] > '9' {
			return "", fmt.Errorf("man_pages: %s: want a name that ends with the section, such as tool.1", f.Name)
		}
		return "share/man/man" + section[:1] + "/" + f.Name, nil
	case Completion:
		switch base, ext := strings.TrimSuffix(f.Name, path.Ext(f.Name)), path.Ext(f.Name); {
		case ext == ".bash":
			return "share/bash-completion/completions/" + base, nil
		case ext == ".fish":
			return "share/fish/vendor_completions.d/" + f.Name, nil
		case strings.HasPrefix(f.Name, "_"):
			return "share/zsh/site-functions/" + f.Name, nil
		}
		return "", fmt.Errorf("completions: %s: want NAME.bash, NAME.fish or, for zsh, _NAME", f.Name)
	case Other:
		if !fs.ValidPath(f.Path) || f.Path == "." {
			return "", fmt.Errorf("files: %s: path %q: want a relative path without \".\" and \"..\", such as share/app/data", f.Name, f.Path)
		}
		return f.Path, nil
	}
	return "", fmt.Errorf("file %s: unknown kind %q", f.Name, f.Kind)
}
