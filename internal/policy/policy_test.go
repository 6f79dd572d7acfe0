package policy

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/docs/schema"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] {
			t.Errorf("rule %s exists twice", r.ID)
		}
		seen[r.ID] = true
		if strings.Trim(r.ID, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("rule id %q is not kebab-case", r.ID)
		}
		for name, text := range map[string]string{"What": r.What, "Why": r.Why, "Evidence": r.Evidence, "Remedy": r.Remedy} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("rule %s: %s is %q, want sentences", r.ID, name, text)
			}
		}
		if r.Ref == "" || (r.Check == nil) != (r.Command != "") || r.Severity != Error && r.Severity != Warning {
			t.Errorf("rule %s lacks a reference, a check or a severity", r.ID)
		}
	}
	used := map[string]bool{}
	for _, p := range Profiles() {
		for _, id := range p.IDs {
			if !seen[id] {
				t.Errorf("profile %s names the unknown rule %s", p.Name, id)
			}
			used[id] = true
		}
	}
	for _, r := range Rules() {
		if used[r.ID] != (r.Command == "") {
			t.Errorf("rule %s of the command %q is in a profile: %v", r.ID, r.Command, used[r.ID])
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", ``, "line 1, column 1: the policy object has no end"},
		{"no object", `[]`, "the policy is an array, want an object"},
		{"cut off", `{"schema": 1`, "line 1, column 13: the policy object has no end"},
		{"no schema", `{}`, `key "schema" is missing, want 1`},
		{"other schema", `{"schema": 2}`, "schema is 2, want 1"},
		{"unknown key", `{"schema": 1, "profil": "static"}`, `unknown key "profil"; the closest are profile,`},
		{"key in other case", `{"schema": 1, "Profile": "static"}`, `unknown key "Profile"`},
		{"repeated key", `{"schema": 1, "rules": {"no-cgo": {"severity": "error"}, "no-cgo": {"severity": "error"}}}`, `key "rules.no-cgo" is repeated`},
		{"data after", `{"schema": 1} {}`, "data follows the policy object"},
		{"unknown profile", `{"schema": 1, "profile": "nolib"}`, `unknown profile "nolib"; the closest are nolibc,`},
		{"unknown machine", `{"schema": 1, "goarch": "amd46"}`, `unknown goarch "amd46"; the closest are amd64,`},
		{"unknown rule", `{"schema": 1, "rules": {"no-interpretr": {"severity": "error"}}}`, `rules: unknown rule "no-interpretr"; the closest are no-interpreter,`},
		{"unknown severity", `{"schema": 1, "rules": {"no-cgo": {"severity": "fatal"}}}`, `no-cgo: severity is "fatal", want error, warning or off`},
		{"weaker without reason", `{"schema": 1, "rules": {"no-cgo": {"severity": "warning"}}}`, "no-cgo: reason is missing"},
		{"off without reason", `{"schema": 1, "rules": {"no-host-path-string": {"severity": "off", "reason": " "}}}`, "no-host-path-string: reason is missing"},
		{"bad day", `{"schema": 1, "rules": {"no-cgo": {"severity": "off", "reason": "x", "expires": "2027-02-30"}}}`, `expires is "2027-02-30"`},
		{"unknown key of a rule", `{"schema": 1, "rules": {"no-cgo": {"severity": "off", "because": "x"}}}`, `unknown key "rules.no-cgo.because"`},
		{"unknown allowed rule", `{"schema": 1, "allow": {"syscalls": []}}`, `allow: unknown rule "syscalls"`},
		{"allowance without subject", `{"schema": 1, "allow": {"no-cgo": [{"reason": "x"}]}}`, "allow: no-cgo: entry 1: subject is missing"},
		{"allowance without reason", `{"schema": 1, "allow": {"no-cgo": [{"subject": "x"}]}}`, "entry 1: reason is missing"},
		{"unknown key in an array", `{"schema": 1, "allow": {"no-cgo": [{"subject": "x", "reason": "y"}, {"subjects": "x"}]}}`, `unknown key "allow.no-cgo[1].subjects"`},
		{"unknown key of forbidden", `{"schema": 1, "forbidden": {"package": ["x"]}}`, `unknown key "forbidden.package"; the closest are forbidden.packages,`},
		{"value of another type", `{"schema": 1, "sections": "x"}`, "sections is a string, want an array"},
		{"severity instead of an object", `{"schema": 1, "rules": {"no-cgo": "off"}}`, "column 39: rules.no-cgo is a string, want an object"},
		{"allowance without array", `{"schema": 1, "allow": {"no-cgo": {"subject": "x"}}}`, "allow.no-cgo is an object, want an array"},
		{"wrong type in an array", `{"schema": 1, "allow": {"no-cgo": [{"subject": 1}]}}`, "allow.no-cgo[0].subject is a number, want a string"},
		{"module without v", `{"schema": 1, "fips_module": "1.0.0"}`, `fips_module is "1.0.0", want latest or a version such as v1.0.0`},
		{"part of a byte", `{"schema": 1, "size_budget": 6.5}`, `size_budget: size "6.5": want`},
		{"empty pattern", `{"schema": 1, "forbidden": {"modules": [""]}}`, "forbidden.modules: an entry is empty"},
		{"bad Go version", `{"schema": 1, "go_version_min": "1.x"}`, `go_version_min is "1.x", want a Go release`},
		{"bad budget of a package", `{"schema": 1, "package_budgets": {"github.com/BurntSushi/toml": "big"}}`, `package_budgets.github.com/BurntSushi/toml: size "big"`},
		{"bad size", `{"schema": 1, "size_budget": "6 elephants"}`, `size_budget: size "6 elephants"`},
		{"size of another type", `{"schema": 1, "size_budget": true}`, `size_budget: size "true"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse([]byte(c.text))
			if p != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("policy %v, error %v, want %q in it", p, err, c.want)
			}
			if err := schema.Validate("policy.json", []byte(c.text)); (err == nil) != (c.name == "repeated key") { // parsers of JSON drop the first
				t.Errorf("the schema says %v", err)
			}
		})
	}
}

// Where a file is no JSON the error says where, since policies are written by hand.
func TestParseSyntax(t *testing.T) {
	for text, want := range map[string]string{
		"{\"schema\": 1,\n \"sections\": [\".x\"],}":   "line 2, column 21: invalid character '}'",
		"{\"schema\": 1\n \"profile\": \"static\"}":    "line 2, column 2: invalid character '\"'",
		"# a comment\n{\"schema\": 1}":                 "line 1, column 1: invalid character '#'",
		"{\"schema\": 1,\n\n  \"profil\": \"static\"}": "line 3, column 10: unknown key \"profil\"",
	} {
		if p, err := Parse([]byte(text)); p != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestParse(t *testing.T) {
	text := []byte(`{
		"schema": 1, "profile": "nolibc", "goarch": "riscv64", "size_budget": 4096, "package_budgets": {"net/*": "1kB", "main": 7},
		"go_version_min": "1.26.3", "fips_module": "v1.0.0", "sections": [".x"], "vulnerabilities": "osv.json",
		"forbidden": {"packages": ["plugin"], "modules": ["example.com/a"], "strings": ["jdoe"]},
		"rules": {"type-dyn": {"severity": "error"}, "no-host-path-string": {"severity": "error"}},
		"allow": {"no-cgo": [{"subject": "x*", "reason": "y", "expires": "2027-03-31"}]}
	}`)
	p, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate("policy.json", text); err != nil {
		t.Error(err)
	}
	if p.Profile != "nolibc" || p.GOARCH != "riscv64" || p.SizeBudget != 4096 || len(p.Overrides) != 2 || p.Allow["no-cgo"][0].Expires != "2027-03-31" {
		t.Errorf("policy is %+v", p)
	}
	if p.PackageBudgets["net/*"] != 1000 || p.PackageBudgets["main"] != 7 || p.GoVersionMin != "go1.26.3" || p.FIPSModule != "v1.0.0" || p.Sections[0] != ".x" ||
		p.VulnerabilityFile != "osv.json" || p.Forbidden.Packages[0] != "plugin" || p.Forbidden.Modules[0] != "example.com/a" || p.Forbidden.Strings[0] != "jdoe" {
		t.Errorf("settings are %+v", p.Settings)
	}
	if p, err = Parse([]byte(`{"schema": 1}`)); err != nil || p.Profile != DefaultProfile {
		t.Errorf("policy is %+v, error %v, want profile %s", p, err, DefaultProfile)
	}
}

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want uint64 // 0 for an error
	}{
		{"1", 1}, {"5452595", 5452595}, {"12B", 12}, {"6.5", 0}, {"6.0", 0}, {"6MB", 6e6}, {" 6 MB ", 6e6}, {"4.35MB", 4350000}, {"5.2MiB", 5452595},
		{"1kB", 1000}, {"1KB", 1000}, {"1KiB", 1024}, {"2GiB", 2 << 30}, {".5GB", 5e8}, {"0.0015kB", 1},
		{"", 0}, {"0", 0}, {"MB", 0}, {"-1", 0}, {"+1", 0}, {"1e3", 0}, {"0x10", 0}, {"1/2", 0}, {"6mb", 0}, {"6M", 0}, {"1.2.3", 0}, {"inf", 0},
		{"99999999999999999999", 0}, {"0.1B", 0},
	} {
		if got, err := ParseSize(c.text); got != c.want || (err == nil) != (c.want > 0) {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", c.text, got, err, c.want)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, subject string
		want             bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a", "ba", false},
		{"a*", "a", true}, {"a*", "abc", true}, {"a*", "ba", false},
		{"*a", "ba", true}, {"*a", "ab", false}, {"*", "", true}, {"*", "x", true},
		{"a*c", "abc", true}, {"a*c", "ac", true}, {"a*a", "a", false},
		{"a*b*c", "a-b-c", true}, {"a*b*c", "a-c-b", false}, {"a**c", "axc", true},
		{"a.b", "axb", false}, {"[a]", "a", false},
	} {
		if got := matches(c.pattern, c.subject); got != c.want {
			t.Errorf("matches(%q, %q) = %v, want %v", c.pattern, c.subject, got, c.want)
		}
	}
}

// A policy can add a rule, change its severity for a time, and allow findings.
func TestPolicyAndVerdict(t *testing.T) {
	prog := gobintest.New(elf.EM_X86_64)
	prog.Funcs = append(prog.Funcs,
		gobintest.Func{Name: "main.rawA", Code: gobintest.Syscall[elf.EM_X86_64]},
		gobintest.Func{Name: "main.rawB", Code: gobintest.Syscall[elf.EM_X86_64]},
		gobintest.Func{Name: "main.other", Code: gobintest.Syscall[elf.EM_X86_64]})
	prog.Files = append(prog.Files, "/src/a.go")
	f := parse(t, prog.Build().Data)

	for _, c := range []struct {
		name, policy string
		day          Date
		want         []string // rule, severity, findings and omitted
	}{
		{"nothing allowed", `{"schema": 1, "profile": "nolibc"}`, "2027-01-01",
			[]string{"syscall-sites error main.rawA main.rawB main.other", "no-host-path error /src/a.go"}},
		{"some allowed", `{"schema": 1, "profile": "nolibc", "allow": {"syscall-sites": [{"subject": "main.raw*", "reason": "r", "expires": "2027-01-01"}]}}`, "2027-01-01",
			[]string{"syscall-sites error main.other", "no-host-path error /src/a.go"}},
		{"allowance expired", `{"schema": 1, "profile": "nolibc", "allow": {"syscall-sites": [{"subject": "main.raw*", "reason": "r", "expires": "2027-01-01"}]}}`, "2027-01-02",
			[]string{"syscall-sites error main.other main.rawA +1", "no-host-path error /src/a.go"}},
		{"all allowed", `{"schema": 1, "profile": "nolibc", "allow": {"syscall-sites": [{"subject": "main.*", "reason": "r"}], "no-host-path": [{"subject": "/src/*", "reason": "r"}]}}`, "2099-01-01", nil},
		{"weakened and off", `{"schema": 1, "profile": "nolibc", "rules": {
			"syscall-sites": {"severity": "warning", "reason": "r"}, "no-host-path": {"severity": "off", "reason": "r", "expires": "2027-01-01"}}}`, "2027-01-01",
			[]string{"syscall-sites warning main.rawA main.rawB main.other"}},
		{"off expired", `{"schema": 1, "profile": "static", "rules": {"no-host-path": {"severity": "off", "reason": "r", "expires": "2027-01-01"}}}`, "2027-01-02",
			[]string{"no-host-path error /src/a.go"}},
		{"no day", `{"schema": 1, "profile": "static", "rules": {"no-host-path": {"severity": "off", "reason": "r", "expires": "2027-01-01"}}}`, "", nil},
		{"rule added", `{"schema": 1, "profile": "static-asm", "rules": {"no-host-path": {"severity": "error"}}}`, "",
			[]string{"no-host-path error /src/a.go"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse([]byte(c.policy))
			if err != nil {
				t.Fatal(err)
			}
			// The verdict is the same on the report that went through JSON.
			report := &Report{Schema: SchemaVersion, Files: []FileReport{p.Check("test", f)}}
			text, err := report.JSON()
			if err != nil {
				t.Fatal(err)
			}
			back, err := ParseReport(text)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range back.Files[0].Verdict(c.day) {
				s := b.Rule + " " + string(b.Severity)
				for _, x := range b.Findings {
					s += " " + x.Subject
				}
				if b.Omitted > 0 {
					s += " +1"
				}
				got = append(got, s)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("verdict\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(c.want, "\n\t"))
			}
			again, _ := (&Report{Schema: SchemaVersion, Files: []FileReport{p.Check("test", f)}}).JSON()
			if string(again) != string(text) {
				t.Error("a second report differs from the first")
			}
		})
	}
}

// Findings beyond the limits still count, allowed or not.
func TestManyFindings(t *testing.T) {
	prog := gobintest.New(elf.EM_X86_64)
	for i := range 2 * maxFindings {
		prog.Files = append(prog.Files, "/src/"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+".go")
	}
	f := parse(t, prog.Build().Data)
	p := mustNew(t, "static")
	b := func() []Breach { r := p.Check("test", f); return r.Verdict("") }()
	if len(b) != 1 || len(b[0].Findings) != MaxFindings || b[0].Omitted != maxFindings+1-MaxFindings {
		t.Errorf("breaches %+v", b)
	}
	p.Allow = map[string][]Allowance{"no-host-path": {{Subject: "/src/*", Reason: "r"}}}
	b = func() []Breach { r := p.Check("test", f); return r.Verdict("") }()
	if len(b) != 1 || len(b[0].Findings) != 1 || b[0].Findings[0].Subject != "further findings" {
		t.Errorf("breaches %+v, want one about further findings", b)
	}
}

func TestParseReportErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", `x`, "invalid character"},
		{"other schema", `{"schema": 7}`, "schema is 7, want 1"},
		{"no files", `{"schema": 1}`, "about no file"},
		{"no rules", `{"schema": 1, "files": [{"name": "a"}]}`, "by no rule"},
		{"no severity", `{"schema": 1, "files": [{"name": "a", "rules": [{"id": "x", "status": "pass"}]}]}`, "unknown severity"},
		{"other status", `{"schema": 1, "files": [{"name": "a", "rules": [{"id": "x", "severity": "error", "status": "fine"}]}]}`, `status "fine"`},
		{"pass with findings", `{"schema": 1, "files": [{"name": "a", "rules": [{"id": "x", "severity": "error", "status": "pass", "findings": [{"subject": "s", "detail": "d"}]}]}]}`, "does not agree with 1 findings"},
	} {
		if r, err := ParseReport([]byte(c.text)); r != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: report %v, error %v, want %q", c.name, r, err, c.want)
		}
	}
}

// What goes into a report must not depend on the path of the file.
func TestReportHasNoPath(t *testing.T) {
	m := gobintest.New(elf.EM_X86_64).Build()
	clear(m.Data[m.Off(".gopclntab"):][:8])
	clear(m.Data[m.Off(".go.buildinfo"):][:8])
	f := parse(t, m.Data)
	f.Name = "/secret/place"
	r := &Report{Files: []FileReport{mustNew(t, "nolibc").Check("shown", f)}}
	text, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "secret") || !strings.Contains(string(text), `"shown"`) {
		t.Errorf("the report holds the path:\n%s", text)
	}
}
