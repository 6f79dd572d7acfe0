package main

import (
	"slices"
	"testing"
)

func TestRepository(t *testing.T) {
	for module, want := range map[string]string{
		"filippo.io/age":                  "io_filippo_age",
		"github.com/schollz/croc/v10":     "com_github_schollz_croc_v10",
		"go.etcd.io/bbolt":                "io_etcd_go_bbolt",
		"github.com/GoogleCloud/x.y-z/v2": "com_github_googlecloud_x_y_z_v2",
		"tailscale.com":                   "com_tailscale",
	} {
		if got := repository(module); got != want {
			t.Errorf("%s: %s, want %s", module, got, want)
		}
	}
}

func TestDifference(t *testing.T) {
	for _, tt := range []struct{ want, got, difference string }{
		{"a\nb\n", "a\nb\n", ""},
		{"a\nb\n", "a\nc\n", `line 2: "c", go build's "b"`},
		{"a", "a\nb", `line 2: "b" more than go build's`},
		{"a\nb", "a", `line 2: go build's has "b" more`},
	} {
		if d := difference(tt.want, tt.got); d != tt.difference {
			t.Errorf("%q, %q: %q, want %q", tt.want, tt.got, d, tt.difference)
		}
	}
}

func TestMissing(t *testing.T) {
	for _, tt := range []struct {
		want, got []string
		missing   string
	}{
		{[]string{"a", "b"}, []string{"b", "a", "c"}, ""},
		{[]string{"a", "b", "c"}, []string{"b"}, "2 of 3, a first"},
		{[]string{"a"}, nil, "1 of 1, a first"},
	} {
		if m := missing(tt.want, tt.got); m != tt.missing {
			t.Errorf("%q, %q: %q, want %q", tt.want, tt.got, m, tt.missing)
		}
	}
}

func TestProblems(t *testing.T) {
	const said = "Analyzing: target\nERROR: a.bzl:1:2: in rule //:x:\nit needs cgo\n\nINFO: Found 0 targets...\nnothing\nERROR: Build did NOT complete successfully\n"
	const want = "ERROR: a.bzl:1:2: in rule //:x:\nit needs cgo\nERROR: Build did NOT complete successfully"
	if got := problems(said); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestResultProblems(t *testing.T) {
	r := result{Name: "x", Files: []file{
		{Mode: goBuild, Arch: "amd64", Functions: 10},
		{Mode: "static", Arch: "amd64", Functions: 10, Findings: []finding{{"static", "amd64", "no-cgo", "s", "d"}}},
		{Mode: "pie", Arch: "amd64", Functions: 9, Lost: "1 of 10, main.f first"},
		{Mode: "nolibc", Arch: "amd64", Missing: true},
		{Mode: "packed", Arch: "amd64", Run: "line 1"},
	}, Compare: []finding{{"static", "arm64", "same-data", "v", "d"}}}
	what := func(p program) (out []string) {
		for _, x := range r.problems(p) {
			out = append(out, x.what)
		}
		return out
	}
	if got, want := what(program{}), []string{"govulncheck does not see", "not built", "does something else", "no-cgo"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	r.Errors = "ERROR: x"
	if got := what(program{}); !slices.Contains(got, "build fails") {
		t.Errorf("%q where the build fails", got)
	}
	if got := what(program{Accepted: []accepted{{"no-cgo", "s", "because"}}}); slices.Contains(got, "no-cgo") {
		t.Errorf("%q with accepted findings", got)
	}
}

// TestPrograms: every program of the table is named once, and the directory of its results by a file name.
func TestPrograms(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range programs {
		if seen[p.Name] || p.Name == "" || p.Module == "" || p.Version == "" {
			t.Errorf("%+v: want a new name, a module and a version", p)
		}
		seen[p.Name] = true
	}
}
