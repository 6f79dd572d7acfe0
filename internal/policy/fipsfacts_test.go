package policy

import "testing"

// DemandFIPS adds what a policy lacks, keeps what it says, and refuses a contradiction.
func TestDemandFIPS(t *testing.T) {
	for _, c := range []struct {
		policy, version string
		ok              bool
	}{
		{`{"schema": 1}`, "v1.0.0-c2097c7c", true},
		{`{"schema": 1}`, "latest", true},
		{`{"schema": 1}`, "certified", false},
		{`{"schema": 1, "fips_module": "v1.0.0"}`, "v1.0.0-c2097c7c", true},
		{`{"schema": 1, "fips_module": "v1.0.0"}`, "v1.26.0", false},
		{`{"schema": 1, "fips_module": "latest"}`, "v1.26.0", false},
	} {
		p, err := Parse([]byte(c.policy))
		if err != nil {
			t.Fatal(err)
		}
		err = p.DemandFIPS(c.version)
		added := p.FIPSModule == c.version && p.Overrides["fips-module"].Severity == Error && p.Overrides["fips-on"].Severity == Error
		if (err == nil) != c.ok || added != c.ok {
			t.Errorf("%s, %s: %v, %+v", c.policy, c.version, err, p)
		}
	}
	p, err := Parse([]byte(`{"schema": 1, "rules": {"fips-on": {"severity": "off", "reason": "test"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.DemandFIPS("latest"); err != nil || p.Overrides["fips-on"].Severity != Off {
		t.Errorf("%v, %+v", err, p.Overrides)
	}
}
