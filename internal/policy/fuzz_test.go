package policy

import (
	"debug/elf"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// FuzzCheck judges any bytes by every rule: each gets a status, a bounded number
// of findings, and the report can be read back.
func FuzzCheck(f *testing.F) {
	for _, machine := range elftest.Machines {
		f.Add(gobintest.New(machine).Build().Data)
		f.Add(pie(machine, nil).Data)
		f.Add(elftest.Executable(machine).Build().Data)
	}
	for _, c := range elftest.Malformed() {
		f.Add(c.Data)
	}
	p, err := New("nolibc")
	if err != nil {
		f.Fatal(err)
	}
	p.SizeBudget, p.GOARCH = 100, "amd64"
	p.Overrides = map[string]Override{}
	judged := 0
	for _, r := range Rules() {
		p.Overrides[r.ID] = Override{Severity: Error}
		if r.Check != nil {
			judged++
		}
	}
	p.Allow = map[string][]Allowance{"no-libc-symbol": {{Subject: "m*", Reason: "r"}}}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := goelf.Parse("fuzz", data)
		if err != nil {
			return
		}
		report := &Report{Schema: SchemaVersion, Files: []FileReport{p.Check("fuzz", file)}}
		if n := len(report.Files[0].Rules); n != judged {
			t.Fatalf("%d rules were judged, want %d", n, judged)
		}
		for _, r := range report.Files[0].Rules {
			if len(r.Findings) > MaxFindings || r.Omitted > 2*(maxFindings+1) {
				t.Fatalf("rule %s has %d findings and %d more", r.ID, len(r.Findings), r.Omitted)
			}
		}
		text, err := report.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseReport(text); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	})
}

// FuzzInstLen decodes any bytes: every instruction has a length inside them.
func FuzzInstLen(f *testing.F) {
	for _, code := range []string{"\x0f\x05", "\xc5\xf8\x77", "\x62\xf1\x7c\x48\x10\x05\x00\x00\x00\x00", "\xc4\xe3\x7d\x19\xc1\x01", "\x66\x0f\x3a\x0f\xc1\x04"} {
		f.Add([]byte(code))
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		if n := instLenAMD64(code); n < 0 || n > len(code) || n > 15 {
			t.Fatalf("length %d of % x", n, code)
		}
		for _, machine := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64, elf.EM_RISCV} {
			goarch := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_RISCV: "riscv64"}[machine]
			s := syscallScanners[goarch]
			found := false
			for _, next := range s.candidates {
				found = found || next(code) >= 0
			}
			if sites := s.scan(code); len(sites) > 0 && !found {
				t.Fatalf("%s: sites %v without candidate in % x", goarch, sites, code)
			}
		}
	})
}
