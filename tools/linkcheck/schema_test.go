package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/docs/schema"
	"github.com/go3s/rules_go3s/internal/fips"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
	"github.com/go3s/rules_go3s/internal/policy"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
	"github.com/go3s/rules_go3s/internal/sizes"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

// What the commands write is as the schemas in docs/schema say, and with one member more it is not.
func TestSchemas(t *testing.T) {
	dir, good, bad, _ := files(t)
	_, same, more := builds(t)
	pack := func(code ...byte) string {
		p := gobintest.New(elf.EM_X86_64)
		p.Funcs[0].Code = code
		return write(t, filepath.Join(dir, "calls"+string('a'+rune(len(code)))), p.Build().Data)
	}
	exits := pack(0xb8, 60, 0, 0, 0, 0x0f, 0x05, 0xcc) // mov $60, %eax; syscall; int3
	unknown := pack(0x0f, 0x05, 0xcc)
	rules := write(t, filepath.Join(dir, "rules.json"), []byte(`{"schema": 1,
		"rules": {"no-host-path": {"severity": "warning", "reason": "test", "expires": "2027-03-31"}, "trimpath": {"severity": "off", "reason": "test"}},
		"allow": {"no-host-path": [{"subject": "/src/*", "reason": "test", "expires": "2027-03-31"}], "same-functions": [{"subject": "main.op*", "reason": "test"}]}}`))
	report := filepath.Join(dir, "report.json")
	if status, _, stderr := linkcheck("--format=json", "--report-only", "-o", report, bad, good); status != clean {
		t.Fatal(stderr)
	}
	for _, c := range []struct {
		schema string
		args   []string
		want   string // a part of the output
	}{
		{"linkcheck-report.json", []string{"--format=json", good}, `"pass"`},
		{"linkcheck-report.json", []string{"--format=json", "--profile=nolibc", good, bad}, `"findings"`},
		{"linkcheck-report.json", []string{"--format=json", "--policy", rules, bad}, `"allowed"`},
		{"linkcheck-report.json", []string{"--format=json", "--profile=packed", good}, `"packed-original"`},
		{"linkcheck-report.json", []string{"merge", "--format=json", report}, `"findings"`},
		{"compare.json", append([]string{"compare", "--format=json"}, same...), `"same-calls"`},
		{"compare.json", []string{"compare", "--format=json", same[0], same[1], more}, `"findings"`},
		{"compare.json", []string{"compare", "--format=json", "--policy", rules, same[0], same[1], more}, `"allowed"`},
		{"linkcheck-report.json", []string{"compare", "--format=json", same[0], more}, `"findings"`},
		{"syscalls.json", []string{"syscalls", "--json", exits}, `"exit"`},
		{"syscalls.json", []string{"syscalls", "--json", exits, unknown}, `"dynamic"`},
		{"fips.json", []string{"fips", good}, `"does_not_say"`},
		{"sizes.json", []string{"sizes", "linux_amd64=" + good, "linux_riscv64=" + more}, `"packages"`},
	} {
		status, stdout, stderr := linkcheck(c.args...)
		if status == unusable || !strings.Contains(stdout, c.want) {
			t.Errorf("%q: status %d, %s, want %s in the output\n%s", c.args, status, stderr, c.want, stdout)
			continue
		}
		if err := schema.Validate(c.schema, []byte(stdout)); err != nil {
			t.Errorf("%q: %v\n%s", c.args, err, stdout)
		}
		if err := schema.Validate(c.schema, []byte(`{"other": 1,`+strings.TrimPrefix(stdout, "{"))); err == nil {
			t.Errorf("%q: the schema %s takes an unknown member", c.args, c.schema)
		}
	}
	sizesReport := filepath.Join(dir, "sizes.json")
	if status, _, stderr := linkcheck("sizes", "--report="+sizesReport, "linux_amd64="+good, "linux_riscv64="+more); status != clean {
		t.Fatal(stderr)
	}
	text, err := os.ReadFile(sizesReport)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate("size-report.json", text); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	if err := schema.Validate("size-report.json", []byte(strings.Replace(string(text), `"tables"`, `"other":1,"tables"`, 1))); err == nil {
		t.Error("the schema size-report.json takes an unknown member")
	}
	// A report by a profile is none of compare.
	_, stdout, _ := linkcheck("--format=json", good, bad)
	if err := schema.Validate("compare.json", []byte(stdout)); err == nil {
		t.Error("compare.json takes a report by the profile static")
	}
}

func TestSchemaMembers(t *testing.T) {
	for file, typ := range map[string]reflect.Type{
		"syscalls.json":    reflect.TypeFor[syscalls.Report](),
		"sizes.json":       reflect.TypeFor[sizes.Budget](),
		"size-report.json": reflect.TypeFor[sizes.Report](),
		"sdkcheck.json":    reflect.TypeFor[sdkcheck.Verdict](),
		"fips.json":        reflect.TypeFor[fips.Report](),
	} {
		wrong, err := schema.CheckType(file, typ, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range wrong {
			t.Errorf("%s: %s", file, w)
		}
	}
}

// The example of a policy file that the documentation shows is one, for the reader and for the schema.
func TestDocumentedPolicy(t *testing.T) {
	_, rest, _ := strings.Cut(reference, "```json\n")
	example, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("reference.md has no example")
	}
	if _, err := policy.Parse([]byte(example)); err != nil {
		t.Error(err)
	}
	if err := schema.Validate("policy.json", []byte(example)); err != nil {
		t.Error(err)
	}
}

// Examples of budgets that the reader takes or refuses, and the schema alike.
func TestBudgetSchema(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"schema": 1, "files": {}}`: true, // as the documentation begins
		`{"schema": 1, "files": {"linux_amd64": {"file": 7, "sections": {".text": 7}, "packages": {}}}}`: true,
		`{"schema": 2, "files": {}}`:                            false,
		`{"schema": 1, "files": {}, "file": 7}`:                 false,
		`{"schema": 1, "files": {"linux_amd64": {"size": 7}}}`:  false,
		`{"schema": 1, "files": {"linux_amd64": {"file": -7}}}`: false,
	} {
		_, read := sizes.ParseBudget([]byte(text))
		if valid := schema.Validate("sizes.json", []byte(text)); (read == nil) != ok || (valid == nil) != ok {
			t.Errorf("%s: the reader says %v, the schema %v", text, read, valid)
		}
	}
}
