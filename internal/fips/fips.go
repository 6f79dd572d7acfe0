// Package fips says of an executable which FIPS 140-3 module of Go is in it, whether its integrity checksum is right, and what is
// known of the module's validation. It claims nothing about the program, its configuration or the machine that it runs on: a
// validation is a laboratory's and NIST's act on one module and named environments.
package fips

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go3s/rules_go3s/internal/policy"
)

// SchemaVersion is the version of reports.
const SchemaVersion = 1

// A Table is what is known of the modules' validations. It is made by hand, from the sources that it names.
type Table struct {
	Checked string   `json:"checked"` // day, YYYY-MM-DD
	How     string   `json:"how"`
	Modules []Module `json:"modules"`
}

// A Module is one version of Go's FIPS 140-3 module.
type Module struct {
	Version        string            `json:"version"` // as GOFIPS140 names it
	Name           string            `json:"name"`
	SnapshotSHA256 string            `json:"snapshot_sha256"` // of GOROOT/lib/fips140/VERSION.zip; "" for latest
	Status         string            `json:"status"`          // validated, in process, not submitted or unknown
	StatusDetail   string            `json:"status_detail"`
	Standard       string            `json:"standard"`
	Level          string            `json:"level"`       // overall security level, unknown or none
	Certificate    string            `json:"certificate"` // number of the CMVP certificate; "" for none
	Algorithms     string            `json:"algorithms"`  // number of the CAVP certificate; "" for none
	Authority      []string          `json:"authority"`   // addresses of what decides
	Environments   map[string]string `json:"environments"`
	Sources        []Source          `json:"sources"`
}

// A Source is where something in the table is from.
type Source struct {
	Date  string `json:"date"` // of the source or of its reading, YYYY-MM-DD
	Where string `json:"where"`
	Says  string `json:"says"`
}

//go:embed modules.json
var modulesJSON []byte

// Modules returns the table.
func Modules() (*Table, error) {
	dec := json.NewDecoder(bytes.NewReader(modulesJSON))
	dec.DisallowUnknownFields()
	t := new(Table)
	if err := dec.Decode(t); err != nil {
		return nil, fmt.Errorf("modules.json: %w", err)
	}
	return t, nil
}

// A Report is about one executable.
type Report struct {
	Schema      int    `json:"schema"` // SchemaVersion
	Name        string `json:"name"`   // of the executable, as shown
	SHA256      string `json:"sha256"` // of the executable
	GOARCH      string `json:"goarch"`
	GoVersion   string `json:"go_version"`
	Version     string `json:"module"`   // that the function table says, as GOFIPS140 names it; "" for none or not told
	Recorded    string `json:"recorded"` // the build setting GOFIPS140; "" for none
	Starts      string `json:"starts"`   // the initial value of GODEBUG's fips140 that the build settings say: on, only, off …; "" for none
	Integrity   string `json:"integrity"`
	Checksum    string `json:"checksum"`     // HMAC-SHA-256 that the file records, hexadecimal; "" for none
	Environment string `json:"environment"`  // what the table says of the architecture
	TableDate   string `json:"table_date"`   // when the table was checked
	Known       Module `json:"validation"`   // what the table says of the module
	DoesNotSay  string `json:"does_not_say"` // limits of the report
}

// doesNotSay is what a reader may not conclude from a report.
const doesNotSay = "This report identifies the module in the file and repeats what the named sources said of it on the named dates. " +
	"It is no certificate and no part of one. It does not say that the program, the product that it is part of, its configuration or " +
	"the machine and system that it runs on is validated, nor that the program uses approved services only, nor that keys and entropy " +
	"are handled as the security policy of the module asks. Where the certificate is of Level 1, nothing is said of the role and " +
	"identity authentication, the physical security or the tamper evidence of Level 2 and above. An environment that the certificate " +
	"does not name is not a tested one. The pages under authority, at the time of an assessment, decide."

// unknown is a module that the table does not have.
func unknown(version string) Module {
	return Module{
		Version: version, Status: "unknown", StatusDetail: "the table does not have this version", Level: "unknown",
		Authority: []string{}, Environments: map[string]string{}, Sources: []Source{},
	}
}

// Examine returns the report on what linkcheck found of a file. An error means that the file cannot be read.
func Examine(f *policy.FIPSFacts, name string) (*Report, error) {
	table, err := Modules()
	if err != nil {
		return nil, err
	}
	version := f.Module
	if version == "" {
		version = f.Recorded // where the functions have no names
	}
	known := unknown(version)
	if i := slices.IndexFunc(table.Modules, func(m Module) bool { return m.Version == version }); i >= 0 {
		known = table.Modules[i]
	}
	environment := known.Environments[f.GOARCH]
	if environment == "" {
		environment = "unknown"
	}
	return &Report{
		Schema: SchemaVersion, Name: name, SHA256: f.SHA256, GOARCH: f.GOARCH, GoVersion: f.GoVersion,
		Version: f.Module, Recorded: f.Recorded, Starts: f.Starts, Integrity: f.Integrity, Checksum: f.Checksum,
		Environment: environment, TableDate: table.Checked, Known: known, DoesNotSay: doesNotSay,
	}, nil
}

// JSON returns the report, indented.
func (r *Report) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(r)
	return b.Bytes(), err
}
