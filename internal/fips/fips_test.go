package fips

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/policy"
)

// starlark is the table of modules that the rules choose from.
const starlark = "../../toolchains/fips/modules.bzl"

// The rules offer exactly the frozen modules of the table, with the same snapshots.
func TestTableIsThatOfTheRules(t *testing.T) {
	table, err := Modules()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(starlark)
	if err != nil {
		t.Fatal(err)
	}
	offered := map[string]string{}
	entry := regexp.MustCompile(`"(v[^"]+)": struct\(\s+sha256 = "([0-9a-f]{64})"`)
	for _, m := range entry.FindAllStringSubmatch(string(text), -1) {
		offered[m[1]] = m[2]
	}
	known := map[string]string{}
	for _, m := range table.Modules {
		if m.Version != "latest" {
			known[m.Version] = m.SnapshotSHA256
		}
	}
	if len(offered) == 0 || len(offered) != len(known) {
		t.Fatalf("the rules have %v, the table %v", offered, known)
	}
	for version, sum := range known {
		if offered[version] != sum {
			t.Errorf("%s: the rules have the snapshot %s, the table %s", version, offered[version], sum)
		}
	}
}

// Each entry says for each architecture what is known, from dated sources no newer than the table, and has a certificate only
// where it is validated.
func TestTable(t *testing.T) {
	table, err := Modules()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range table.Modules {
		if (m.Status == "validated") != (m.Certificate != "") {
			t.Errorf("%s: status %s with certificate %q", m.Version, m.Status, m.Certificate)
		}
		if len(m.Sources) == 0 || len(m.Authority) == 0 || m.Level == "" {
			t.Errorf("%s: no source, authority or level", m.Version)
		}
		for _, goarch := range policy.GOARCHs {
			if m.Environments[goarch] == "" {
				t.Errorf("%s: nothing is said of %s", m.Version, goarch)
			}
		}
		for _, s := range m.Sources {
			if _, err := time.Parse(time.DateOnly, s.Date); err != nil || s.Date > table.Checked {
				t.Errorf("%s: source of %s, the table is of %s: %v", m.Version, s.Date, table.Checked, err)
			}
		}
	}
}

func TestExamine(t *testing.T) {
	for _, c := range []struct {
		facts       policy.FIPSFacts
		status      string
		environment string
	}{
		{policy.FIPSFacts{Module: "v1.0.0-c2097c7c", GOARCH: "amd64"}, "validated", "reported among the tested ones"},
		{policy.FIPSFacts{Module: "v1.0.0-c2097c7c", GOARCH: "riscv64"}, "validated", "unknown"},
		{policy.FIPSFacts{Recorded: "v1.26.0", GOARCH: "arm64"}, "in process", "unknown"},
		{policy.FIPSFacts{Module: "latest", Recorded: "v1.0.0-c2097c7c", GOARCH: "arm64"}, "not submitted", "none"},
		{policy.FIPSFacts{Module: "v1.0.0", GOARCH: "amd64"}, "unknown", "unknown"}, // not the snapshot that was validated
		{policy.FIPSFacts{}, "unknown", "unknown"},
	} {
		r, err := Examine(&c.facts, "x")
		if err != nil {
			t.Fatal(err)
		}
		if r.Known.Status != c.status || !strings.HasPrefix(r.Environment, c.environment) {
			t.Errorf("%+v: %s, %s; want %s, %s", c.facts, r.Known.Status, r.Environment, c.status, c.environment)
		}
		if text, err := r.JSON(); err != nil || !slices.Contains(strings.Fields(string(text)), `"does_not_say":`) {
			t.Errorf("%+v: %v, %s", c.facts, err, text)
		}
	}
}
