package policy

// # Reports
//
// A report says of each file which rules were judged and what each of them found.
// It is a function of the files, their shown names and the policy: it holds no
// time, host or path, so that a build system can cache it and two builds can
// compare it.
//
// Whether a file passes is decided when the report is read, by Verdict, because
// exceptions expire.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/go3s/rules_go3s/internal/cgofiles"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// A Report is what linkcheck writes as JSON.
type Report struct {
	Schema int          `json:"schema"` // SchemaVersion
	Files  []FileReport `json:"files"`
}

// A FileReport is the part of a report about one file.
type FileReport struct {
	Name      string `json:"name"` // as shown; not necessarily the path
	Size      uint64 `json:"size"` // bytes
	SHA256    string `json:"sha256"`
	GOARCH    string `json:"goarch"`
	GoVersion string `json:"go_version,omitempty"`
	Profile   string `json:"profile"`
	// UnverifiedGo says that a Go release later than all known ones was read by the newest one's tables, because that was asked for.
	UnverifiedGo string `json:"unverified_go,omitempty"`
	// CgoLeftOut are the packages of which files were left out because they need cgo, as the build says.
	CgoLeftOut []cgofiles.LeftOut `json:"cgo_left_out,omitempty"`
	GoSDK      *GoSDK             `json:"go_sdk,omitempty"`
	Rules      []RuleReport       `json:"rules"` // in the order of Rules
}

// A GoSDK says whether the sources of the SDK that made a file are those of verified releases, as linkcheck sdkcheck found
// (package sdkcheck): agree, differ or unknown.
type GoSDK struct {
	Formats string `json:"formats"` // what defines formats
	Readers string `json:"readers"` // what reads the function tables
}

// A Status says what came of judging a rule.
type Status string

const (
	Pass          Status = "pass"           // nothing was found
	Found         Status = "finding"        // something was found, allowed or not
	NotApplicable Status = "not-applicable" // there was nothing to judge; Note says why
)

// A RuleReport is the part of a report about one rule.
type RuleReport struct {
	ID       string    `json:"id"`
	Severity Severity  `json:"severity"`           // the rule's own
	Override *Override `json:"override,omitempty"` // by the policy
	Status   Status    `json:"status"`
	Note     string    `json:"note,omitempty"`     // why not applicable, or what was learned
	Findings []Finding `json:"findings,omitempty"` // not allowed; at most MaxFindings
	Omitted  int       `json:"omitted,omitempty"`  // how many findings more there are
	Allowed  []Allowed `json:"allowed,omitempty"`
}

// An Allowed entry tells of the findings that one allowance of the policy accepts.
type Allowed struct {
	Allowance
	Count int     `json:"count"`
	First Finding `json:"first"`
}

// MaxFindings is how many findings of one rule a report holds.
const MaxFindings = 20

// Check judges f by the policy. name is the file's name in the report.
func (p *Policy) Check(name string, f *goelf.File) FileReport {
	sum := background(func() string { return sumOf(f) }) // it takes as long as the rules
	in := NewInput(f)
	defer in.close()
	in.Settings = p.Settings
	out := newFileReport(name, p.Profile, in)
	profile := profiles[p.Profile]
	ids := slices.Concat(profile.IDs, slices.Collect(maps.Keys(p.Overrides)))
	for _, rule := range rules {
		switch {
		case rule.Check == nil || !slices.Contains(ids, rule.ID):
		case profile.packed:
			p.judgePacked(&out, rule, in)
		default:
			p.evaluate(&out, rule, in)
		}
	}
	out.SHA256 = sum()
	return out
}

// sumOf returns the SHA-256 of the file in hexadecimal.
func sumOf(f *goelf.File) string {
	sum := sha256.Sum256(f.Data)
	return hex.EncodeToString(sum[:])
}

// background calls f in another goroutine and returns a function that waits for its
// result.
func background(f func() string) func() string {
	var result string
	wait := goelf.Go(func() { result = f() })
	return func() string {
		wait()
		return result
	}
}

// evaluate adds to report what came of rule.
func (p *Policy) evaluate(report *FileReport, rule *Rule, in *Input) {
	if rule.NotApplicable != nil {
		if note := rule.NotApplicable(in); note != "" {
			p.skip(report, rule, note)
			return
		}
	}
	p.Judge(report, rule, rule.Check(in))
	if rule.Note != nil {
		report.Rules[len(report.Rules)-1].Note = rule.Note(in)
	}
}

// skip adds to report that rule has nothing to judge.
func (p *Policy) skip(report *FileReport, rule *Rule, note string) {
	report.Rules = append(report.Rules, RuleReport{ID: rule.ID, Severity: rule.Severity, Override: p.override(rule), Status: NotApplicable,
		Note: note})
}

// NewFileReport returns a report on f that judges it by no rule yet, for commands
// whose rules have no Check; they add theirs by Policy.Judge. profile is what the
// report shows in place of a profile's name, such as the command's.
func NewFileReport(name, profile string, f *goelf.File) FileReport {
	out := newFileReport(name, profile, NewInput(f))
	out.SHA256 = sumOf(f)
	return out
}

// newFileReport leaves the sum out.
func newFileReport(name, profile string, in *Input) FileReport {
	out := FileReport{
		Name:    name,
		Size:    uint64(len(in.File.Data)),
		GOARCH:  in.File.GOARCH(),
		Profile: profile,

		CgoLeftOut: in.LeftOut,
	}
	if info, err := in.buildInfo(); err == nil {
		out.GoVersion = clip(info.GoVersion)
	}
	if problem := gobin.LaterGo(in.File); problem != nil {
		out.UnverifiedGo = problem.Error()
	}
	return out
}

func (p *Policy) override(rule *Rule) *Override {
	if o, ok := p.Overrides[rule.ID]; ok {
		return &o
	}
	return nil
}

// Judge adds to report what rule has found in the file: nothing, when findings is
// empty. It applies what the policy changes in the rule and allows.
func (p *Policy) Judge(report *FileReport, rule *Rule, findings []Finding) {
	r := RuleReport{ID: rule.ID, Severity: rule.Severity, Override: p.override(rule), Status: Pass}
	counts := make([]Allowed, len(p.Allow[rule.ID]))
next:
	for _, finding := range findings {
		r.Status = Found
		for i, a := range p.Allow[rule.ID] {
			if matches(a.Subject, finding.Subject) {
				if counts[i].Count == 0 {
					counts[i] = Allowed{Allowance: a, First: finding}
				}
				counts[i].Count++
				continue next
			}
		}
		if len(r.Findings) == MaxFindings {
			r.Omitted++
		} else {
			r.Findings = append(r.Findings, finding)
		}
	}
	r.Allowed = slices.DeleteFunc(counts, func(a Allowed) bool { return a.Count == 0 })
	report.Rules = append(report.Rules, r)
}

// A Breach is a rule that a file does not keep, on some day.
type Breach struct {
	Rule     string
	Severity Severity // Error or Warning
	Findings []Finding
	Omitted  int
}

// Verdict returns the breaches in f on day, in which expired exceptions count no
// more. The empty day expires nothing.
func (f *FileReport) Verdict(day Date) []Breach {
	var out []Breach
	for _, r := range f.Rules {
		b := Breach{Rule: r.ID, Severity: r.Severity, Findings: slices.Clone(r.Findings), Omitted: r.Omitted}
		if o := r.Override; o != nil && !o.Expires.Before(day) {
			b.Severity = o.Severity
		}
		for _, a := range r.Allowed {
			if a.Expires.Before(day) {
				first := a.First
				first.Detail += fmt.Sprintf(" (allowed until %s: %s)", a.Expires, a.Reason)
				b.Findings = append(b.Findings, first)
				b.Omitted += a.Count - 1
			}
		}
		if len(b.Findings) > 0 && b.Severity != Off {
			out = append(out, b)
		}
	}
	return out
}

// Failed reports whether one of the breaches is an error.
func Failed(breaches []Breach) bool {
	return slices.ContainsFunc(breaches, func(b Breach) bool { return b.Severity == Error })
}

// JSON returns the report as indented JSON with a final newline.
func (r *Report) JSON() ([]byte, error) {
	out, err := json.MarshalIndent(r, "", "  ")
	return append(out, '\n'), err
}

// ParseReport reads what JSON wrote. It refuses another schema version and a
// report that names no file or, for a file, no rule: such a report proves nothing.
func ParseReport(data []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	if r.Schema != SchemaVersion {
		return nil, fmt.Errorf("schema is %d, want %d", r.Schema, SchemaVersion)
	}
	if len(r.Files) == 0 {
		return nil, fmt.Errorf("the report is about no file")
	}
	for _, f := range r.Files {
		if len(f.Rules) == 0 {
			return nil, fmt.Errorf("the report judges file %q by no rule", f.Name)
		}
		for _, rule := range f.Rules {
			switch {
			case rule.Severity != Error && rule.Severity != Warning,
				rule.Override != nil && rule.Override.Severity != Error && rule.Override.Severity != Warning && rule.Override.Severity != Off:
				return nil, fmt.Errorf("file %q, rule %q: unknown severity", f.Name, rule.ID)
			case rule.Status != Pass && rule.Status != Found && rule.Status != NotApplicable,
				(rule.Status == Found) != (len(rule.Findings)+len(rule.Allowed) > 0):
				return nil, fmt.Errorf("file %q, rule %q: status %q does not agree with %d findings", f.Name, rule.ID, rule.Status, len(rule.Findings)+len(rule.Allowed))
			}
		}
	}
	return &r, nil
}
