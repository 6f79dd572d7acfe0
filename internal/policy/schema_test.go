package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/go3s/rules_go3s/docs/schema"
)

// The schema of policy files has the members that Parse reads, of which checkKeys has its own.
func TestPolicySchemaMembers(t *testing.T) {
	wrong, err := schema.CheckType("policy.json", reflect.TypeFor[policyFile](), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

// The schema takes the profiles, the machines and, for each rule, the severities and allowances that Parse takes, and no others.
func TestPolicySchemaValues(t *testing.T) {
	agree := func(file map[string]any) {
		t.Helper()
		file["schema"] = SchemaVersion
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		_, parsed := Parse(text)
		if valid := schema.Validate("policy.json", text); (parsed == nil) != (valid == nil) {
			t.Errorf("%s: the reader says %v, the schema %v", text, parsed, valid)
		}
	}
	for _, profile := range append(slices.Collect(maps.Keys(profiles)), "other") {
		agree(map[string]any{"profile": profile})
	}
	for _, goarch := range append(slices.Clone(GOARCHs), "386") {
		agree(map[string]any{"goarch": goarch})
	}
	for _, size := range []any{1, 0, -1, true, "6MB", "5.2 MiB", ".5GB", "7.", "6mb", "6M", "1e3", "MB", ""} {
		agree(map[string]any{"size_budget": size})
		agree(map[string]any{"package_budgets": map[string]any{"net/*": size}})
	}
	for _, v := range []string{"1.26.3", "go1.26", "go1.27rc1", "1", "1.x", "v1.26", "go01.2", "1.2.3.4"} {
		agree(map[string]any{"go_version_min": v})
	}
	ids := []string{"other"}
	for _, r := range Rules() {
		ids = append(ids, r.ID)
	}
	for _, id := range ids {
		agree(map[string]any{"allow": map[string]any{id: []any{Allowance{Subject: "s", Reason: "r"}}}})
		for _, o := range []Override{{Severity: Error}, {Severity: Warning}, {Severity: Off}, {Severity: Warning, Reason: "r"},
			{Severity: Off, Reason: "r"}, {Severity: "fatal", Reason: "r"}} {
			agree(map[string]any{"rules": map[string]any{id: o}})
		}
	}
}

// The schema of reports has the members of Report, refuses what ParseReport refuses, and knows the limit of findings.
func TestReportSchema(t *testing.T) {
	wrong, err := schema.CheckType("linkcheck-report.json", reflect.TypeFor[Report](), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
	report := func(findings int) []byte {
		r := RuleReport{ID: "no-cgo", Severity: Error, Status: Found}
		for range findings {
			r.Findings = append(r.Findings, Finding{"s", "d"})
		}
		text, err := (&Report{SchemaVersion, []FileReport{{Name: "a", Size: 1, SHA256: fmt.Sprintf("%064d", 0), GOARCH: "amd64", Profile: "static",
			Rules: []RuleReport{r}}}}).JSON()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for n, ok := range map[int]bool{0: false, 1: true, MaxFindings: true, MaxFindings + 1: false} {
		if err := schema.Validate("linkcheck-report.json", report(n)); (err == nil) != ok {
			t.Errorf("%d findings: %v", n, err)
		}
	}
}
