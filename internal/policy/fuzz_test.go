package policy

import (
	"debug/elf"
	"hash/crc32"
	"testing"

	"github.com/go3s/rules_go3s/internal/disasm"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// FuzzCheck judges any bytes by every rule, with all settings that a policy can have:
// each rule gets a status and a bounded number of findings, memory is bounded, and the
// report can be read back.
func FuzzCheck(f *testing.F) {
	for _, machine := range elftest.Machines {
		f.Add(gobintest.New(machine).Build().Data)
		f.Add(pie(machine, nil).Data)
		f.Add(elftest.Executable(machine).Build().Data)
		f.Add(packed(f, machine, nil))
	}
	f.Add(withDebugServer().Build().Data)
	for _, c := range elftest.Malformed() {
		f.Add(c.Data)
	}
	policies := map[bool]*Policy{false: everything(f, "nolibc"), true: everything(f, "packed")}
	judged := 0
	for _, r := range Rules() {
		if r.Check != nil {
			judged++
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := goelf.Parse("fuzz", data)
		if err != nil {
			return
		}
		p := policies[file.Section(".packed") != nil]
		report := &Report{Schema: SchemaVersion, Files: make([]FileReport, 1)}
		// Unpacking gives up to 256 bytes for one of a small file; a finding for each relocation
		// repeats what the file says.
		fuzztest.Bounded(t, len(data), 4096, func() { report.Files[0] = p.Check("fuzz", file) })
		if n := len(report.Files[0].Rules); n != judged {
			t.Fatalf("%d rules were judged, want %d", n, judged)
		}
		for _, r := range report.Files[0].Rules {
			if len(r.Findings) > MaxFindings || r.Omitted > 4*(maxFindings+1) {
				t.Fatalf("rule %s has %d findings and %d more", r.ID, len(r.Findings), r.Omitted)
			}
		}
		if crc32.ChecksumIEEE(data)%16 != 0 {
			return // writing the report takes most of the time, and depends on the file little
		}
		text, err := report.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseReport(text); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if _, err := report.SARIF(""); err != nil {
			t.Fatal(err)
		}
	})
}

// everything returns a policy that has all rules and settings.
func everything(t testing.TB, profile string) *Policy {
	p, err := Parse([]byte(`{
		"schema": 1, "profile": "` + profile + `", "goarch": "amd64", "size_budget": 100, "package_budgets": {"*": 1},
		"go_version_min": "1.30", "fips_module": "v1.0.0", "sections": [],
		"forbidden": {"packages": ["net/*"], "modules": ["example.com/old"], "strings": ["initial!"]},
		"allow": {"no-libc-symbol": [{"subject": "m*", "reason": "r"}]}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	p.Vulnerabilities, err = ParseVulnerabilities([]byte(`{"id": "A", "affected": [{"package": {"name": "stdlib"},
		"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}], "ecosystem_specific": {"imports": [{"path": "net/http", "symbols": ["Server.Serve"]}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	p.Overrides = map[string]Override{}
	for _, r := range Rules() {
		p.Overrides[r.ID] = Override{Severity: Error}
	}
	return p
}

// FuzzInstLen decodes any bytes: every instruction has a length inside them.
func FuzzInstLen(f *testing.F) {
	for _, code := range []string{"\x0f\x05", "\xc5\xf8\x77", "\x62\xf1\x7c\x48\x10\x05\x00\x00\x00\x00", "\xc4\xe3\x7d\x19\xc1\x01", "\x66\x0f\x3a\x0f\xc1\x04"} {
		f.Add([]byte(code))
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		if n := disasm.LenAMD64(code); n < 0 || n > len(code) || n > 15 {
			t.Fatalf("length %d of % x", n, code)
		}
		for _, machine := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64, elf.EM_RISCV} {
			goarch := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_RISCV: "riscv64"}[machine]
			s := syscallScanners[goarch]
			found := false
			for _, next := range s.candidates {
				found = found || next(code) >= 0
			}
			fuzztest.Bounded(t, len(code), 64, func() {
				if sites := s.scan(code); len(sites) > 0 && !found {
					t.Fatalf("%s: sites %v without candidate in % x", goarch, sites, code)
				}
			})
		}
	})
}
