// Package verify checks the folder of a release, offline, against itself and the publisher's key: that each of its statements about the
// programs is true of the programs in it. It trusts nothing in the folder, and it refuses a release that holds more, or says less, than
// package assemble writes.
//
// Every check is a value of the table checks. One that fails does not keep the others from being made, unless they need what it
// could not read.
package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"time"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/release/fileset"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/licences"
	"github.com/go3s/rules_go3s/internal/release/sbom"
	"github.com/go3s/rules_go3s/internal/release/signature"
)

// Options are what a verifier knows besides the folder.
type Options struct {
	Key     *signature.PublicKey   // the publisher's; nil not to check signatures by one
	OpenPGP *signature.OpenPGPKeys // the same
}

// A Result is what came of one check.
type Result struct {
	Name string
	What string // what was checked
	Err  error  // nil if it is so
}

// A release is one that is being checked. Checks fill it.
type release struct {
	Options
	files    map[string][]byte // all regular files by path
	sums     map[string]string // by SHA256SUMS
	index    *index.Index
	date     time.Time
	programs []program // as index.Programs
	contents map[string]*fileset.Set
	licences *licences.List
	bill     sbom.Bill
	// unusual are paths of what is no regular file.
	unusual []string
}

// A program is one of the index, with the file that containers hold.
type program struct {
	index.Program
	data []byte
	elf  *elf.File
	info *debug.BuildInfo // nil if it is not Go
}

// A check looks at one thing. It returns what it looked at.
type check struct {
	name string
	run  func(r *release) (what string, err error)
}

// checks, in an order in which each finds what it needs.
var checks = []check{
	{"files", checkFiles},
	{"sums", checkSums},
	{"signatures", checkSignatures},
	{"index", checkIndex},
	{"archives", checkArchives},
	{"packages", checkPackages},
	{"image", checkImage},
	{"programs", checkPrograms},
	{"licences", checkLicences},
	{"spdx", checkSPDX},
	{"cyclonedx", checkCycloneDX},
	{"linkcheck", checkLinkcheck},
	{"provenance", checkProvenance},
}

// errNeeded is the error of a check that lacks what an earlier one should have read.
var errNeeded = errors.New("not checked: it needs what an earlier check refused")

// Dir checks the release in fsys and returns what came of each check. The release is accepted if no result has an error. The error is
// that of reading fsys.
func Dir(fsys fs.FS, options Options) ([]Result, error) {
	r := &release{Options: options, files: map[string][]byte{}, contents: map[string]*fileset.Set{}}
	err := fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := fs.Stat(fsys, path)
		if err != nil || !info.Mode().IsRegular() {
			r.unusual = append(r.unusual, path)
			return nil
		}
		r.files[path], err = inputfile.ReadFS(fsys, path, inputfile.Data)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []Result
	for _, c := range checks {
		what, err := c.run(r)
		out = append(out, Result{c.name, what, err})
	}
	return out, nil
}

// Accepted reports whether no result has an error.
func Accepted(results []Result) bool {
	for _, r := range results {
		if r.Err != nil {
			return false
		}
	}
	return true
}

// the returns the one file of a kind that the index names.
func (r *release) the(kind string) ([]byte, string, error) {
	if r.index == nil {
		return nil, "", errNeeded
	}
	files := r.index.Of(kind)
	if len(files) != 1 {
		return nil, "", fmt.Errorf("%s: it names %d files of the kind %s, want 1", index.Name, len(files), kind)
	}
	return r.files[files[0].Path], files[0].Path, nil
}
