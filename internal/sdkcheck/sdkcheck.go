// Package sdkcheck decides by the sources of a Go SDK whether the tools of this module may trust it. It compares the
// declarations that define what they read and write, and the functions of package runtime that read the tables elfstrip
// rewrites, with those of the releases that were verified. It runs nothing of the SDK and trusts no version number: a
// patch release that changes none of them passes, and everything else is refused with the names of what changed.
//
// # Design
//
// A release series has a table (go1.26.txt and the like) of digests of declarations, each with the patch releases it was
// seen in. watch.go says which declarations, and why. There are two groups:
//
//   - formats: every tool depends on them.
//   - readers: functions that read the function tables. Only what changes the contents of the tables (elfstrip's
//     functions and external tiers) depends on how exactly they are read.
//
// A digest is of tokens: comments and layout do not count, and sources of a newer Go need no newer parser.
// A declaration that a table does not know, one that is gone, and one with an unknown digest each count as a difference.
//
// # Adding a release
//
// "linkcheck sdkdiff OLD NEW" prints what changed; when it has been dealt with, "go run ./internal/sdkcheck/update -canary GOROOT"
// adds the release to its table.
package sdkcheck

import (
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// An SDK is what the check reads of a Go SDK.
type SDK struct {
	Version string // "go1.26.8"
	Series  string // "go1.26"
	formats map[key]string
	readers map[key]string
}

// A key names a declaration.
type key struct {
	file string // below GOROOT/src, with slashes
	name string // see declaration; fileName for a file as a whole
}

func (k key) String() string { return k.file + ": " + k.name }

func compareKeys(a, b key) int {
	if n := strings.Compare(a.file, b.file); n != 0 {
		return n
	}
	return strings.Compare(a.name, b.name)
}

// maxFile bounds a source file, in bytes. The longest of Go 1.27 that is read has 200 KB.
const maxFile = 8 << 20

// Version returns the release that the file VERSION of an SDK names, for example "go1.26.8".
func Version(goroot string) (string, error) {
	file := filepath.Join(goroot, "VERSION")
	text, err := inputfile.Read(file, maxFile)
	if err != nil {
		return "", fmt.Errorf("%w: is %s the GOROOT of a Go SDK?", err, goroot)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line), nil
}

// Open reads the sources of the SDK in the directory goroot. release is its version; "" takes that of its file VERSION.
// The error says which file cannot be read or split into declarations.
func Open(goroot, release string) (*SDK, error) {
	if release == "" {
		var err error
		if release, err = Version(goroot); err != nil {
			return nil, err
		}
	}
	name, _, _ := strings.Cut(release, " ") // experiments may follow
	if !version.IsValid(name) {
		return nil, fmt.Errorf("%s: the version %q is no Go release, want one such as go1.26.8", goroot, release)
	}
	sdk := &SDK{Version: release, Series: version.Lang(name), formats: map[key]string{}, readers: map[key]string{}}
	src := source{dir: filepath.Join(goroot, "src"), context: contexts(sdk.Series)}
	if _, err := os.Stat(src.dir); err != nil {
		return nil, fmt.Errorf("%w: the check needs the sources of the SDK", err)
	}
	for _, w := range formats {
		if err := src.formats(w, sdk.formats); err != nil {
			return nil, err
		}
	}
	for _, dir := range readerPackages {
		if err := src.readers(dir, sdk.readers); err != nil {
			return nil, err
		}
	}
	return sdk, nil
}

func sortedKeys[V any](m map[key]V) []key {
	var out []key
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, compareKeys)
	return out
}
