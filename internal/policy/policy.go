package policy

// # Policy files
//
// A policy file is a JSON object. docs/linkcheck.md has an example with all members, docs/schema/policy.json describes each.
// Only schema is required. Unknown and repeated keys are refused, since a misspelt
// exception would otherwise be no exception, and a misspelt rule no rule.
//
//   - rules changes the severity of a rule, and adds the rule when the profile
//     lacks it. Making it weaker than it is requires a reason.
//   - allow accepts findings of a rule whose subject matches. A * in subject stands
//     for any text. A reason is required.
//   - package_budgets to vulnerabilities give rules what to compare with; each is
//     described with its rule. * stands for any text.
//   - expires is the last day, in UTC, on which an exception holds.

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/version"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	registry "github.com/go3s/rules_go3s/internal/machine"
)

// SchemaVersion is the version of policy files and of reports.
const SchemaVersion = 1

// A Policy is a profile with the changes of one project. Parse and New return
// valid ones.
type Policy struct {
	Profile string `json:"profile"`
	Settings
	Overrides map[string]Override    `json:"rules"`
	Allow     map[string][]Allowance `json:"allow"`
}

// An Override changes the severity of one rule.
type Override struct {
	Severity Severity `json:"severity"`
	Reason   string   `json:"reason,omitempty"`
	Expires  Date     `json:"expires,omitempty"`
}

// An Allowance accepts findings of one rule.
type Allowance struct {
	Subject string `json:"subject"` // of the findings; * stands for any text
	Reason  string `json:"reason"`
	Expires Date   `json:"expires,omitempty"`
}

// A Date is a day as YYYY-MM-DD. The empty Date means never.
type Date string

// Before reports whether d has passed on day. Either being empty, it has not.
func (d Date) Before(day Date) bool { return d != "" && day != "" && d < day }

// Today returns the present day in UTC.
func Today() Date { return Date(time.Now().UTC().Format(time.DateOnly)) }

// GOARCHs are the machines that a policy may expect.
var GOARCHs = registry.GOARCHs()

// New returns the policy that is the named profile and nothing else. The error
// names the closest profiles.
func New(profile string) (*Policy, error) {
	p := &Policy{Profile: profile}
	return p, p.SetProfile(profile)
}

// SetProfile replaces the profile and keeps all else.
func (p *Policy) SetProfile(name string) error {
	if _, err := ProfileByName(name); err != nil {
		return err
	}
	p.Profile = name
	return nil
}

// parseSize reads the size of that key: a number of bytes, or a string as of ParseSize.
func parseSize(key string, data json.RawMessage) (uint64, error) {
	text := string(data)
	if err := json.Unmarshal(data, &text); err != nil {
		text = string(data)
	}
	n, err := ParseSize(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", key, err)
	}
	return n, nil
}

// SetGoVersionMin sets the oldest Go release to accept, such as "go1.26.3" or "1.26.3".
func (p *Policy) SetGoVersionMin(v string) error {
	full := "go" + strings.TrimPrefix(v, "go")
	if !version.IsValid(full) {
		return fmt.Errorf("go_version_min is %q, want a Go release such as go1.26.3", v)
	}
	p.GoVersionMin = full
	return nil
}

var fipsModuleVersion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(latest|v[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]+)?)$`)
})

// DemandFIPS adds the rules that a program has this version of the FIPS 140 module and starts in its mode. The policy keeps what
// it says of these rules; a policy that names another version contradicts.
func (p *Policy) DemandFIPS(version string) error {
	if !fipsModuleVersion().MatchString(version) {
		return fmt.Errorf("version %q, want latest or a version such as v1.0.0", version)
	}
	if named := p.FIPSModule; named != "" && named != version && !strings.HasPrefix(version, named+"-") {
		return fmt.Errorf("version %s, but the policy's fips_module is %s: change one of the two", version, named)
	}
	p.FIPSModule = version
	for _, rule := range []*Rule{&fipsModule, &fipsOn} {
		if _, ok := p.Overrides[rule.ID]; !ok {
			if p.Overrides == nil {
				p.Overrides = map[string]Override{}
			}
			p.Overrides[rule.ID] = Override{Severity: rule.Severity}
		}
	}
	return nil
}

// SetGOARCH sets the expected machine.
func (p *Policy) SetGOARCH(goarch string) error {
	if !slices.Contains(GOARCHs, goarch) {
		return unknown("goarch", goarch, slices.Clone(GOARCHs))
	}
	p.GOARCH = goarch
	return nil
}

// policyFile is the object in a policy file: a Policy, with what is written in another way than it is kept.
type policyFile struct {
	Schema         *int                       `json:"schema"`
	SizeBudget     json.RawMessage            `json:"size_budget"`
	PackageBudgets map[string]json.RawMessage `json:"package_budgets"`
	Syscalls       []string                   `json:"syscalls"`
	Policy
}

// Parse reads a policy file. The error names the offending key and, for an
// unknown rule or profile, the closest that exist; the caller adds the file name.
func Parse(data []byte) (*Policy, error) {
	var file policyFile
	paths, err := checkKeys(data)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, decodeError(err, data, paths)
	}
	if file.Schema == nil {
		return nil, fmt.Errorf(`key "schema" is missing, want %d`, SchemaVersion)
	}
	if *file.Schema != SchemaVersion {
		return nil, fmt.Errorf("schema is %d, want %d", *file.Schema, SchemaVersion)
	}
	p := &file.Policy
	if err := p.SetProfile(cmp.Or(p.Profile, DefaultProfile)); err != nil {
		return nil, err
	}
	if p.GOARCH != "" {
		if err := p.SetGOARCH(p.GOARCH); err != nil {
			return nil, err
		}
	}
	if p.GoVersionMin != "" {
		if err := p.SetGoVersionMin(p.GoVersionMin); err != nil {
			return nil, err
		}
	}
	if file.SizeBudget != nil {
		if p.SizeBudget, err = parseSize("size_budget", file.SizeBudget); err != nil {
			return nil, err
		}
	}
	p.PackageBudgets = map[string]uint64{}
	for _, pattern := range slices.Sorted(maps.Keys(file.PackageBudgets)) {
		if p.PackageBudgets[pattern], err = parseSize("package_budgets."+clip(pattern), file.PackageBudgets[pattern]); err != nil {
			return nil, err
		}
	}
	if p.Syscalls, err = parseSyscalls(file.Syscalls); err != nil {
		return nil, err
	}
	if p.FIPSModule != "" && !fipsModuleVersion().MatchString(p.FIPSModule) {
		return nil, fmt.Errorf("fips_module is %q, want latest or a version such as v1.0.0", p.FIPSModule)
	}
	for _, id := range slices.Sorted(maps.Keys(p.Overrides)) {
		if err := checkOverride(id, p.Overrides[id]); err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Allow)) {
		if _, err := RuleByID(id); err != nil {
			return nil, fmt.Errorf("allow: %w", err)
		}
		for i, a := range p.Allow[id] {
			if err := errors.Join(needText("subject", a.Subject), needText("reason", a.Reason), a.Expires.check()); err != nil {
				return nil, fmt.Errorf("allow: %s: entry %d: %w", id, i+1, err)
			}
		}
	}
	return p, nil
}

func checkOverride(id string, o Override) error {
	rule, err := RuleByID(id)
	if err != nil {
		return err
	}
	weight := map[Severity]int{Off: 1, Warning: 2, Error: 3}
	if weight[o.Severity] == 0 {
		return fmt.Errorf("%s: severity is %q, want error, warning or off", id, o.Severity)
	}
	if weight[o.Severity] < weight[rule.Severity] {
		if err := needText("reason", o.Reason); err != nil {
			return fmt.Errorf("%s: %w, because %s is weaker than the rule's own severity %s", id, err, o.Severity, rule.Severity)
		}
	}
	if err := o.Expires.check(); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	return nil
}

func needText(key, value string) error {
	if strings.TrimSpace(value) == "" {
		return fmt.Errorf("%s is missing", key)
	}
	return nil
}

func (d Date) check() error {
	if d == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, string(d)); err != nil {
		return fmt.Errorf("expires is %q, want a day such as 2027-03-31", string(d))
	}
	return nil
}

// matches reports whether subject matches the pattern, in which * stands for any
// text.
func matches(pattern, subject string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(subject, parts[0])
	if !ok {
		return false
	}
	if len(parts) == 1 {
		return rest == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[last])
}
