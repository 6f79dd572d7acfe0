// Package index is about the two files that say what a release consists of: release.json, which says what each file is, and
// SHA256SUMS, which has the sum of each, release.json included. It refuses names that are not inside the release.
package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Names of the files of every release.
const (
	Name = "release.json"
	Sums = "SHA256SUMS"
)

// Provenance is how the name of the provenance ends.
const Provenance = ".intoto.json"

// What follows the name of a file that is signed.
const (
	Minisign = ".minisig"       // of SHA256SUMS
	SSH      = ".sig"           // of SHA256SUMS
	OpenPGP  = ".asc"           // of SHA256SUMS
	Bundle   = ".sigstore.json" // of the provenance
)

// ImageFolder is where the OCI image layout is.
const ImageFolder = "image"

// DocFolder returns where documents of a package are, below /usr.
func DocFolder(name string) string { return "share/doc/" + name }

// Schema is the version of release.json.
const Schema = 1

// BuilderVersion is the version of rules_go3s, as in MODULE.bazel.
const BuilderVersion = "0.2.1"

// Kinds of files.
const (
	KindArchive    = "archive"
	KindDeb        = "deb"
	KindRPM        = "rpm"
	KindImage      = "image"
	KindSPDX       = "sbom-spdx"
	KindCycloneDX  = "sbom-cyclonedx"
	KindLicences   = "licences"
	KindLinkcheck  = "linkcheck"
	KindProvenance = "provenance"
	KindSymbols    = "symbols"
	KindAttachment = "attachment"
)

// An Index is what release.json holds.
type Index struct {
	Schema   int       `json:"schema"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Label    string    `json:"label"` // the target that made it
	Date     string    `json:"date"`  // RFC 3339; of what is in archives, not of the build
	Programs []Program `json:"programs"`
	Image    *Image    `json:"image,omitempty"`
	Package  *Package  `json:"package,omitempty"`
	Files    []File    `json:"files"` // sorted by path; without release.json, SHA256SUMS and signatures
}

// A Program is one executable.
type Program struct {
	Name     string `json:"name"`
	Label    string `json:"label"`
	Platform string `json:"platform"`
	GOARCH   string `json:"goarch"`
	Mode     string `json:"mode"`    // exe or static-pie
	Profile  string `json:"profile"` // of linkcheck
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
	Symbols  string `json:"symbols,omitempty"` // path of the file with the names that were taken out
}

// An Image is the OCI image index.
type Image struct {
	Path   string `json:"path"`   // ImageFolder
	Digest string `json:"digest"` // of the image index, sha256:…
}

// A Package describes packages of distributions.
type Package struct {
	Name        string `json:"name"`
	Maintainer  string `json:"maintainer"` // NAME <ADDRESS>
	Summary     string `json:"summary"`    // one line
	Description string `json:"description"`
	Homepage    string `json:"homepage"`
	Licence     string `json:"license"` // SPDX expression; required by RPM
}

// A File is one file of the release.
type File struct {
	Path     string `json:"path"`
	Kind     string `json:"kind"`
	Platform string `json:"platform,omitempty"`
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
}

// Sum returns the SHA-256 of data in hexadecimal.
func Sum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// JSON returns the text of release.json.
func (x *Index) JSON() ([]byte, error) {
	return Encode(x)
}

// Encode returns v as indented JSON with a final newline, without escapes for HTML.
func Encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return buf.Bytes(), err
}

// Decode reads JSON into v and refuses unknown keys and what follows the value.
func Decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return fmt.Errorf("offset %d: more follows the JSON value", d.InputOffset())
	}
	return nil
}

// Parse reads release.json.
func Parse(data []byte) (*Index, error) {
	var x Index
	if err := Decode(data, &x); err != nil {
		return nil, fmt.Errorf("%s: %w", Name, err)
	}
	if x.Schema != Schema {
		return nil, fmt.Errorf("%s: schema is %d, want %d", Name, x.Schema, Schema)
	}
	if len(x.Programs) == 0 {
		return nil, fmt.Errorf("%s: programs is empty, want the programs of the release", Name)
	}
	for i, f := range x.Files {
		if !fs.ValidPath(f.Path) {
			return nil, fmt.Errorf("%s: files[%d]: path %q is not inside the release", Name, i, f.Path)
		}
		if i > 0 && x.Files[i-1].Path >= f.Path {
			return nil, fmt.Errorf("%s: files[%d]: path %q does not follow %q, want them sorted and once each",
				Name, i, f.Path, x.Files[i-1].Path)
		}
	}
	return &x, nil
}

// Of returns the files of a kind.
func (x *Index) Of(kind string) []File {
	var out []File
	for _, f := range x.Files {
		if f.Kind == kind {
			out = append(out, f)
		}
	}
	return out
}

// FormatSums returns the text of SHA256SUMS, as sha256sum writes it, of paths to sums.
func FormatSums(sums map[string]string) []byte {
	var lines []string
	for path, sum := range sums {
		lines = append(lines, sum+"  "+path+"\n")
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[64:], b[64:]) })
	return []byte(strings.Join(lines, ""))
}

// ParseSums reads SHA256SUMS. It is stricter than sha256sum -c: every line is one that FormatSums writes.
func ParseSums(data []byte) (map[string]string, error) {
	sums := map[string]string{}
	for i, line := range strings.SplitAfter(string(data), "\n") {
		if line == "" {
			continue
		}
		sum, path, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		raw, err := hex.DecodeString(sum)
		isSum := err == nil && len(raw) == sha256.Size && strings.ToLower(sum) == sum
		if !ok || !isSum || !fs.ValidPath(path) || path == "." {
			return nil, fmt.Errorf("%s: line %d: want 64 hexadecimal digits in lower case, two spaces and a path inside the release",
				Sums, i+1)
		}
		if _, ok := sums[path]; ok {
			return nil, fmt.Errorf("%s: line %d: %s is there twice", Sums, i+1, path)
		}
		sums[path] = sum
	}
	if !bytes.Equal(FormatSums(sums), data) {
		return nil, fmt.Errorf("%s: want lines sorted by path, each with its newline", Sums)
	}
	return sums, nil
}
