package policy

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// validate checks data against the JSON schema in that file of testdata.
func validate(t *testing.T, file string, data []byte) {
	t.Helper()
	schema, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("%v\n%s", err, data)
	}
}

func TestSARIF(t *testing.T) {
	prog := gobintest.New(elf.EM_X86_64)
	prog.Funcs = append(prog.Funcs,
		gobintest.Func{Name: "main.rawA", Code: gobintest.Syscall[elf.EM_X86_64]},
		gobintest.Func{Name: "main.rawB", Code: gobintest.Syscall[elf.EM_X86_64]},
		gobintest.Func{Name: "main.rawC", Code: gobintest.Syscall[elf.EM_X86_64]})
	for range MaxFindings + 5 {
		prog.Files = append(prog.Files, "/src/a.go")
	}
	f := parse(t, prog.Build().Data)
	p, err := Parse([]byte(`{"schema": 1, "profile": "nolibc",
		"rules": {"syscall-sites": {"severity": "warning", "reason": "old code", "expires": "2027-01-01"}},
		"allow": {"syscall-sites": [{"subject": "main.raw*", "reason": "reviewed", "expires": "2027-03-31"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	report := &Report{Schema: SchemaVersion, Files: []FileReport{
		p.Check("//pkg:über tool", f),
		mustNew(t, "static").Check("/abs/path", parse(t, gobintest.New(elf.EM_X86_64).Build().Data)),
	}}
	for _, c := range []struct {
		day        Date
		level      string // of the finding of syscall-sites
		suppressed bool
	}{{"2027-01-01", "warning", true}, {"2027-02-01", "error", true}, {"2027-04-01", "error", false}} {
		data, err := report.SARIF(c.day)
		if err != nil {
			t.Fatal(err)
		}
		validate(t, "sarif-schema-2.1.0.json", data)
		var log sarifLog
		if err := json.Unmarshal(data, &log); err != nil {
			t.Fatal(err)
		}
		run := log.Runs[0]
		if len(run.Artifacts) != 2 || run.Artifacts[0].Location.URI != "pkg%3A%C3%BCber%20tool" || run.Artifacts[1].Location.URI != "file:///abs/path" {
			t.Errorf("artifacts %+v", run.Artifacts)
		}
		results := map[string][]sarifResult{}
		for _, r := range run.Results {
			if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
				t.Errorf("rule index %d is not %s", r.RuleIndex, r.RuleID)
			}
			results[r.RuleID] = append(results[r.RuleID], r)
		}
		if got := results["no-host-path"]; len(got) != MaxFindings+1 || !strings.Contains(got[MaxFindings].Message.Text, "5 further") || len(got[0].Suppressions) > 0 {
			t.Errorf("%d results of no-host-path", len(got))
		}
		if got := results["syscall-sites"]; len(got) != 1 || got[0].Level != c.level || (len(got[0].Suppressions) == 1) != c.suppressed ||
			!strings.Contains(got[0].Message.Text, "and 2 more") {
			t.Errorf("on %s: results of syscall-sites %+v", c.day, got)
		}
		if len(results) != 2 {
			t.Errorf("results of %d rules, want 2", len(results))
		}
	}
}
