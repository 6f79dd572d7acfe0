package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
	"github.com/go3s/rules_go3s/internal/sizes"
)

func TestSizes(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, code []byte) string {
		p := gobintest.New(elf.EM_X86_64)
		p.Funcs = append(p.Funcs, gobintest.Func{Name: "example.com/lib.F", Code: code})
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, p.Build().Data, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	small, large := write("small", []byte{0xc3}), write("large", make([]byte, 100))
	budget, report, both, page := filepath.Join(dir, "sizes.json"), filepath.Join(dir, "report.json"), filepath.Join(dir, "both.json"), filepath.Join(dir, "page.html")
	if status, stdout, stderr := linkcheck("sizes", "--budget="+budget, "--update", "amd64="+small); status != clean {
		t.Fatalf("update: status %d\n%s%s", status, stdout, stderr)
	}
	all := filepath.Join(dir, "all-sizes.json")
	if status, stdout, stderr := linkcheck("sizes", "--budget="+all, "--update", "--functions=all", "amd64="+small); status != clean {
		t.Fatalf("update: status %d\n%s%s", status, stdout, stderr)
	}
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string // in the output
	}{
		{"as budgeted", []string{"--budget=" + budget, "amd64=" + small}, clean, "amd64: "},
		{"grown", []string{"--budget=" + budget, "--hint=say please", "amd64=" + large}, findings, "!        +99  package example.com/lib (100, budget 1)"},
		{"hint", []string{"--budget=" + budget, "--hint=say please", "amd64=" + large}, findings, "drop what has grown, or say please"},
		{"functions", []string{"--budget=" + budget, "--page=p.html", "amd64=" + large}, findings,
			"(100, budget 1)\n                 (the budget has no functions of this package: see --functions)"},
		{"page", []string{"--budget=" + budget, "--page=p.html", "amd64=" + large}, findings, "what every byte is for: p.html"},
		{"functions of all", []string{"--budget=" + all, "--functions=all", "amd64=" + large}, findings, "(100, budget 1)\n             +99  function F (100, budget 1)"},
		{"unknown functions", []string{"--functions=some", "amd64=" + large}, unusable, "want one of"},
		{"tolerated", []string{"--budget=" + budget, "--tolerance=10000", "amd64=" + large}, clean, "\n         +99  package example.com/lib"},
		{"named by another file", []string{"--budget=" + budget, "--named=amd64=" + large, "amd64=" + small}, findings, "+99  package example.com/lib"},
		{"not in the budget", []string{"--budget=" + budget, "amd64=" + small, "arm64=" + small}, findings, "arm64:\n!"},
		{"only in the budget", []string{"--budget=" + budget, "arm64=" + small}, findings, "amd64: it is in the budget, but nothing"},
		{"print", []string{"amd64=" + small}, clean, `"example.com/lib": 1`},
		{"report", []string{"--report=" + report, "--html=" + page, "amd64=" + small}, clean, ""},
		{"report with an earlier one", []string{"--report=" + both, "--html=" + page, "--base=" + report, "amd64=" + large}, clean, ""},
		{"report and budget", []string{"--html=" + page, "--budget=" + budget, "amd64=" + large}, findings, "+99  package example.com/lib"},
		{"base without report", []string{"--base=" + report, "amd64=" + small}, unusable, "--base needs a --report or --html"},
		{"base that is none", []string{"--html=" + page, "--base=" + budget, "amd64=" + small}, unusable, "report " + budget + ": json"},
		{"nothing", nil, unusable, "want NAME=FILE"},
		{"without name", []string{small}, unusable, "want NAME=FILE"},
		{"name twice", []string{"a=" + small, "a=" + small}, unusable, "each NAME once"},
		{"update without budget", []string{"--update", "a=" + small}, unusable, "a --budget to --update"},
		{"no budget file", []string{"--budget=" + dir + "/missing", "a=" + small}, unusable, "missing"},
		{"budget that is none", []string{"--budget=" + small, "a=" + small}, unusable, "budget " + small},
		{"no ELF file", []string{"a=" + budget}, unusable, "not an ELF file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := linkcheck(append([]string{"sizes"}, c.args...)...)
			if status != c.status || !strings.Contains(stdout+stderr, c.want) {
				t.Errorf("status %d, want %d; output\n%s%s\nwant %q in it", status, c.status, stdout, stderr, c.want)
			}
		})
	}
	text, err := os.ReadFile(both)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sizes.ParseReport(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Files) != 2 || r.Files[0].Name != "amd64" || r.Files[1].Name != "amd64"+sizes.BaseSuffix ||
		r.Files[0].Types[sizes.TypeCode] != r.Files[1].Types[sizes.TypeCode]+99 {
		t.Errorf("report %s, want the file and the smaller one of the earlier report", text)
	}
	if html, err := os.ReadFile(page); err != nil || !strings.HasPrefix(string(html), "<!DOCTYPE html>") {
		t.Errorf("page %.40q, %v", html, err)
	}
}
