package sdkcheck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// Bytes returns the JSON form of a verdict, which ReadVerdict reads.
func (v *Verdict) Bytes() ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}

// ReadVerdict reads the verdict in a file that "linkcheck sdkcheck --format=json" wrote. It is strict: a field that is not known, another
// schema or more than one value is an error.
func ReadVerdict(file string) (*Verdict, error) {
	text, err := inputfile.Read(file, inputfile.Text)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	v := new(Verdict)
	if err := d.Decode(v); err != nil {
		return nil, fmt.Errorf("%s: no verdict on a Go SDK: %w", file, err)
	}
	if v.Schema != SchemaVersion {
		return nil, fmt.Errorf("%s: schema %d, want %d: let the linkcheck of this release write it", file, v.Schema, SchemaVersion)
	}
	if d.More() {
		return nil, fmt.Errorf("%s: offset %d: found more after the verdict, want its end", file, d.InputOffset())
	}
	return v, nil
}

// VerdictFlag is the name of the flag of tools that hold an SDK to a verdict.
const VerdictFlag = "sdk-verdict"

// VerdictUsage describes that flag.
const VerdictUsage = "hold the Go SDK that made the program to this verdict of linkcheck sdkcheck: `file`"

// CheckFile reads the verdict in a file, and calls CheckProgram; program is for messages. With goabi.Warn what that finds is a warning.
func CheckFile(file, program, release string, tables bool, unverified goabi.Unverified) (warning string, err error) {
	v, err := ReadVerdict(file)
	if err != nil {
		return "", err
	}
	problem := v.CheckProgram(release, tables)
	switch {
	case problem == nil:
		return "", nil
	case unverified == goabi.Warn:
		return fmt.Sprintf("%s: %v", program, problem), nil
	}
	return "", fmt.Errorf("%s: %w: use a verified release, or --%s=warn and test the result", program, problem, goabi.UnverifiedFlag)
}

// CheckProgram returns an error unless the verdict lets a tool link or rewrite a program that the Go release made. tables says that
// it changes what is in the function tables, so that their readers must be known, too. The error names what changed.
func (v *Verdict) CheckProgram(release string, tables bool) error {
	if v.Go != goabi.WithoutExperiments(release) { // whose sources are the SDK's, too
		return fmt.Errorf("the program is made by Go %q, and the verdict is on the SDK of %q: check that of the program", release, v.Go)
	}
	groups := []struct {
		what string
		*Group
	}{{"what defines formats", &v.Formats}, {"the layout of programs", v.Canary}}
	if tables {
		groups = append(groups, struct {
			what string
			*Group
		}{"what reads the function tables", &v.Readers})
	}
	for _, g := range groups {
		switch {
		case g.Group == nil, g.Status == Agree:
		case g.Status == Unknown:
			return fmt.Errorf("Go %q is of a series that this release of the tools does not know; known are %s", v.Go, strings.Join(Series(), ", "))
		default:
			return fmt.Errorf("in the sources of Go %q, %s is not as in releases that were verified: %s", v.Go, g.what, some(g.Differences))
		}
	}
	return nil
}

// some lists the first of many differences.
func some(list []Difference) string {
	const most = 10
	var out []string
	for i, d := range list {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more (linkcheck sdkcheck lists them)", len(list)-most))
			break
		}
		out = append(out, d.String())
	}
	return strings.Join(out, ", ")
}
