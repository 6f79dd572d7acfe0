package policy

// # Known vulnerabilities
//
// A list of known vulnerabilities is a file in the format of the Go vulnerability
// database (OSV schema 1.3 and later, ossf.github.io/osv-schema): one entry, an array of
// entries, or entries one after the other. linkcheck reads of it
//
//	id, summary, withdrawn
//	affected[].package.name         "stdlib" or a module path
//	affected[].ranges[].events[]    introduced and fixed, as semantic versions
//	affected[].ecosystem_specific.imports[]   packages and symbols
//
// and nothing over the network: which entries count as known is decided by whoever
// writes the file. An entry with packages concerns a program that holds one of them and,
// where symbols are listed, one of those; functions are looked up in Go's function
// table. An entry "toolchain" is about cmd/go and the compiler, not about what they
// make.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// A Vulnerability is one entry of a list of known vulnerabilities.
type Vulnerability struct {
	ID        string           `json:"id"`
	Summary   string           `json:"summary"`
	Withdrawn string           `json:"withdrawn"`
	Affected  []affectedModule `json:"affected"`
}

type affectedModule struct {
	Package struct {
		Name      string `json:"name"`
		Ecosystem string `json:"ecosystem"`
	} `json:"package"`
	Ranges []struct {
		Type   string `json:"type"`
		Events []struct {
			Introduced string `json:"introduced"`
			Fixed      string `json:"fixed"`
		} `json:"events"`
	} `json:"ranges"`
	Specific struct {
		Imports []struct {
			Path    string   `json:"path"`
			GOARCH  []string `json:"goarch"`
			GOOS    []string `json:"goos"`
			Symbols []string `json:"symbols"`
		} `json:"imports"`
	} `json:"ecosystem_specific"`
}

// ParseVulnerabilities reads a list of known vulnerabilities. It refuses a list without
// entries and entries that no program could match, since a list that is not one would
// pass every program. The caller adds the file name to the error.
func ParseVulnerabilities(data []byte) ([]Vulnerability, error) {
	out := []Vulnerability{}
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("offset %d: %w", dec.InputOffset(), err)
		}
		list := []Vulnerability{{}}
		var err error
		if raw[0] == '[' {
			err = json.Unmarshal(raw, &list)
		} else {
			err = json.Unmarshal(raw, &list[0])
		}
		if err != nil {
			return nil, fmt.Errorf("offset %d: %w", dec.InputOffset(), decodeError(err, raw, nil))
		}
		out = append(out, list...)
	}
	if len(out) == 0 {
		return nil, errors.New("the list has no entry, want entries in OSV format")
	}
	for i := range out {
		if err := out[i].check(); err != nil {
			return nil, fmt.Errorf("entry %d %s: %w", i+1, clip(out[i].ID), err)
		}
	}
	return out, nil
}

func (v *Vulnerability) check() error {
	if v.ID == "" || len(v.Affected) == 0 {
		return errors.New("it has no id or names nothing affected, want an entry in OSV format")
	}
	for _, a := range v.Affected {
		if a.Package.Name == "" {
			return errors.New("affected[].package.name is missing")
		}
		if e := a.Package.Ecosystem; e != "" && e != "Go" {
			return fmt.Errorf("affected[].package.ecosystem is %q, want Go", clip(e))
		}
		if len(a.Ranges) == 0 {
			return errors.New("affected[].ranges is missing")
		}
		for _, r := range a.Ranges {
			if r.Type != "SEMVER" || len(r.Events) == 0 {
				return fmt.Errorf("affected[].ranges[] has type %q and %d events, want SEMVER and at least one", clip(r.Type), len(r.Events))
			}
			for _, e := range r.Events {
				if s := e.Introduced + e.Fixed; s != "0" && !semver.IsValid("v"+s) {
					return fmt.Errorf("affected[].ranges[].events[] has the version %q, want a semantic one", clip(s))
				}
			}
		}
	}
	return nil
}

// hits reports whether version, as of package semver, is in one of the ranges: at or
// after an introduction and before the fix that follows it.
func (a *affectedModule) hits(version string) bool {
	for _, r := range a.Ranges {
		affected := false
		for _, e := range r.Events { // ascending, says the OSV schema
			switch {
			case e.Introduced == "0" || e.Introduced != "" && semver.Compare(version, "v"+e.Introduced) >= 0:
				affected = true
			case e.Fixed != "" && semver.Compare(version, "v"+e.Fixed) >= 0:
				affected = false
			}
		}
		if affected {
			return true
		}
	}
	return false
}

// goSemver returns a Go version such as "go1.26.8" or "go1.27rc1" as a semantic
// version, "" when it is no release.
func goSemver(v string) string {
	v, _, _ = strings.Cut(strings.TrimPrefix(v, "go"), " ")
	v, _, _ = strings.Cut(v, "-")              // a vendor's suffix
	if i := strings.IndexAny(v, "rb"); i > 0 { // rc1, beta1
		kind := strings.TrimRight(v[i:], "0123456789")
		v = v[:i] + ".0-" + kind + "." + v[i+len(kind):]
	}
	if v = "v" + v; !semver.IsValid(v) {
		return ""
	}
	return v
}

// concerns returns where in the program the vulnerable code is, "" when it is not in
// it. mainPath is the import path of the main package.
func (a *affectedModule) concerns(in *Input, mainPath string) string {
	imports := a.Specific.Imports
	if len(imports) == 0 {
		return "the module"
	}
	s, err := in.packages()
	unknown := err != nil || in.noNames() != ""
	for _, i := range imports {
		if len(i.GOOS) > 0 && !slices.Contains(i.GOOS, "linux") || len(i.GOARCH) > 0 && !slices.Contains(i.GOARCH, in.File.GOARCH()) {
			continue
		}
		if unknown {
			return "perhaps package " + clip(i.Path) + ": the function names were taken out"
		}
		path := i.Path
		if path == mainPath {
			path = "main"
		}
		have := s.symbols(path)
		if len(have) == 0 {
			continue
		}
		if len(i.Symbols) == 0 {
			return "package " + clip(i.Path)
		}
		for _, symbol := range i.Symbols {
			if have[symbol] {
				return clip(i.Path + "." + symbol)
			}
		}
	}
	return ""
}

var noKnownVulnerability = Rule{
	ID:       "no-known-vulnerability",
	What:     "No vulnerability of the given list is in the Go release or the modules that the program was built from.",
	Why:      "A program that nobody rebuilds keeps every fault that was fixed since.",
	Evidence: "Go version and modules in the build information, import paths and functions in Go's function table, against a list in OSV format. A module that the build information does not name, or as (devel), is not seen.",
	Remedy:   "Build with the fixed Go release or module. A vulnerability that does not matter here can be allowed by its id.",
	Ref:      "--vulnerabilities, the policy's vulnerabilities; go.dev/security/vuln/database; OSV schema",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if in.Vulnerabilities == nil {
			return "no list of vulnerabilities is given"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		info, err := in.buildInfo()
		if err != nil {
			return one(goabi.BuildInfo, "the versions cannot be read: %v", in.reason(err))
		}
		if _, err := in.goVersion(); err != nil {
			return one("Go version", "%v", in.reason(err))
		}
		versions := map[string]string{"stdlib": goSemver(info.GoVersion)}
		if versions["stdlib"] == "" {
			return one("Go version", "%q is no release, so vulnerabilities of the standard library cannot be ruled out", clip(info.GoVersion))
		}
		for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
			if m.Replace != nil {
				m = m.Replace
			}
			if semver.IsValid(m.Version) { // not (devel), of which nobody knows what it has
				versions[m.Path] = m.Version
			}
		}
		var out collector
		for i := range in.Vulnerabilities {
			v := &in.Vulnerabilities[i]
			if v.Withdrawn != "" {
				continue
			}
			for j := range v.Affected {
				a := &v.Affected[j]
				version, ok := versions[a.Package.Name]
				if !ok || !a.hits(version) {
					continue
				}
				if where := a.concerns(in, info.Path); where != "" {
					out.add(clip(v.ID), "%s %s has it (%s): %s", clip(a.Package.Name), clip(version), where, clip(v.Summary))
				}
			}
		}
		return out
	},
}
