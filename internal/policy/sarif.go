package policy

// # SARIF
//
// A report can be written in the Static Analysis Results Interchange Format
// (OASIS SARIF 2.1.0 errata 01), which code-scanning services and editors read. Like
// the JSON report it holds no time, host or path, only the names of the files as
// shown.
//
//   - Every rule that was judged is a reportingDescriptor (§3.49).
//   - Every file is an artifact (§3.24) with its sum.
//   - Every finding is a result (§3.27). Its subject is the logical location, and
//     makes, with rule and file, the partial fingerprint (§3.27.17), which another
//     build of the same program does not change.
//   - A finding that the policy allows, and one of a rule that is off, is a result
//     with an accepted suppression (§3.35) that carries the reason.
//   - Findings that a report omits are one more result that counts them.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

const (
	sarifVersion  = "2.1.0"
	sarifSchema   = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	repositoryURL = "https://github.com/go3s/rules_go3s"
	referenceURL  = repositoryURL + "/blob/main/docs/linkcheck.md"
)

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool       `json:"tool"`
		Artifacts  []sarifArtifact `json:"artifacts"`
		Results    []sarifResult   `json:"results"`
		ColumnKind string          `json:"columnKind"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Short   *sarifText   `json:"shortDescription,omitempty"`
		Full    *sarifText   `json:"fullDescription,omitempty"`
		Help    *sarifText   `json:"help,omitempty"`
		HelpURI string       `json:"helpUri,omitempty"`
		Config  *sarifConfig `json:"defaultConfiguration,omitempty"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifArtifact struct {
		Location sarifURI          `json:"location"`
		Length   uint64            `json:"length"`
		Hashes   map[string]string `json:"hashes"`
	}
	sarifURI struct {
		URI   string `json:"uri"`
		Index *int   `json:"index,omitempty"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifURI `json:"artifactLocation"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
)

// SARIF returns the report as indented SARIF 2.1.0 with a final newline. Exceptions
// that have expired on day suppress nothing; the empty day expires none.
func (r *Report) SARIF(day Date) ([]byte, error) {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "linkcheck", InformationURI: referenceURL, Rules: []sarifRule{}}},
		Artifacts:  []sarifArtifact{},
		Results:    []sarifResult{},
		ColumnKind: "utf16CodeUnits",
	}
	indices := map[string]int{} // of rules
	for i := range r.Files {
		f := &r.Files[i]
		w := sarifWriter{run: &run, file: f, uri: sarifURI{fileURI(f.Name), &i}, day: day}
		run.Artifacts = append(run.Artifacts, sarifArtifact{sarifURI{URI: w.uri.URI}, f.Size, map[string]string{"sha-256": f.SHA256}})
		for j := range f.Rules {
			id := f.Rules[j].ID
			index, ok := indices[id]
			if !ok {
				index = len(indices)
				indices[id] = index
				run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, describe(&f.Rules[j]))
			}
			w.rule(&f.Rules[j], index)
		}
	}
	out, err := json.MarshalIndent(sarifLog{sarifSchema, sarifVersion, []sarifRun{run}}, "", "  ")
	return append(out, '\n'), err
}

// describe returns the descriptor of a rule. A report of another version of
// linkcheck may hold rules that this one lacks.
func describe(r *RuleReport) sarifRule {
	out := sarifRule{ID: r.ID, Config: &sarifConfig{string(r.Severity)}}
	if rule, err := RuleByID(r.ID); err == nil {
		out.Short, out.Full, out.Help = &sarifText{rule.What}, &sarifText{rule.What + " " + rule.Why}, &sarifText{rule.Remedy}
		out.HelpURI = referenceURL + "#" + rule.ID
	}
	return out
}

// A sarifWriter appends the results of one file to a run.
type sarifWriter struct {
	run  *sarifRun
	file *FileReport
	uri  sarifURI
	day  Date
}

func (w *sarifWriter) rule(r *RuleReport, index int) {
	level, off := string(r.Severity), []sarifSuppression{}
	if o := r.Override; o != nil && !o.Expires.Before(w.day) {
		if o.Severity == Off {
			off = accepted(o.Reason, o.Expires)
		} else {
			level = string(o.Severity)
		}
	}
	add := func(subject, text string, s []sarifSuppression) {
		sum := sha256.Sum256([]byte(r.ID + "\x00" + w.file.Name + "\x00" + subject))
		w.run.Results = append(w.run.Results, sarifResult{
			RuleID: r.ID, RuleIndex: index, Level: level, Message: sarifText{text},
			Locations:    []sarifLocation{{sarifPhysical{w.uri}, []sarifLogical{{subject}}}},
			Fingerprints: map[string]string{"subject/v1": hex.EncodeToString(sum[:16])},
			Suppressions: s,
		})
	}
	for _, f := range r.Findings {
		add(f.Subject, f.Subject+": "+f.Detail, off)
	}
	if r.Omitted > 0 {
		add("further findings", fmt.Sprintf("%d further findings are left out", r.Omitted), off)
	}
	for _, a := range r.Allowed {
		s := off
		if !a.Expires.Before(w.day) {
			s = accepted(a.Reason, a.Expires)
		}
		text := fmt.Sprintf("%s: %s", a.First.Subject, a.First.Detail)
		if a.Count > 1 {
			text += fmt.Sprintf(" (and %d more that %q matches)", a.Count-1, a.Subject)
		}
		add(a.First.Subject, text, s)
	}
}

func accepted(reason string, expires Date) []sarifSuppression {
	if expires != "" {
		reason += fmt.Sprintf(" (until %s)", expires)
	}
	return []sarifSuppression{{"external", "accepted", reason}}
}

// fileURI returns name as a URI reference: an absolute path as a file URI, any other
// name, a Bazel label too, as a relative path.
func fileURI(name string) string {
	if strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "//") {
		return (&url.URL{Scheme: "file", Path: name}).String()
	}
	parts := strings.Split(strings.TrimLeft(name, "/"), "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(url.PathEscape(p), ":", "%3A") // a colon would end a scheme
	}
	return strings.Join(parts, "/")
}
