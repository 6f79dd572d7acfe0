package linkcheck

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/bazelbuild/rules_go/go/runfiles"
)

func read(t *testing.T, variable string, v any) {
	t.Helper()
	path, err := runfiles.Rlocation(os.Getenv(variable))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// The reports of both programs are in one file, each once.
func TestReports(t *testing.T) {
	var report struct {
		Files []struct{ Name, Profile string }
	}
	read(t, "REPORT_JSON", &report)
	var got []string
	for _, f := range report.Files {
		got = append(got, f.Name[:strings.Index(f.Name+" ", " ")]+" "+f.Profile)
	}
	slices.Sort(got)
	want := []string{"//tests/linkcheck:checked static", "//tests/linkcheck:plain static"}
	if !slices.Equal(got, want) {
		t.Errorf("reports on %q, want %q", got, want)
	}
	var sarif struct {
		Version string
		Runs    []struct {
			Tool struct{ Driver struct{ Name string } }
		}
	}
	read(t, "REPORT", &sarif)
	if sarif.Version != "2.1.0" || len(sarif.Runs) != 1 || sarif.Runs[0].Tool.Driver.Name != "linkcheck" {
		t.Errorf("SARIF report %+v, want version 2.1.0 and one run of linkcheck", sarif)
	}
}
