package leftout_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// locate returns the file that an environment variable of the Bazel target names.
func locate(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: start this test by Bazel", variable)
	}
	return filepath.Join("..", "..", path)
}

func TestRun(t *testing.T) {
	out, err := exec.Command(locate(t, "PROGRAM")).Output()
	if err != nil || string(out) != "17\n" {
		t.Errorf("printed %q, %v; want 17", out, err)
	}
}

func TestReport(t *testing.T) {
	data, err := os.ReadFile(locate(t, "REPORT"))
	if err != nil {
		t.Fatal(err)
	}
	type leftOut struct {
		Package, Label string
		Files          []string
	}
	var report struct {
		Files []struct {
			LeftOut []leftOut `json:"cgo_left_out"`
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Files) != 1 || len(report.Files[0].LeftOut) != 1 {
		t.Fatalf("report %s: want one file with one package in cgo_left_out", data)
	}
	got := report.Files[0].LeftOut[0]
	if got.Package != "github.com/go3s/rules_go3s/examples/cgo_optional/c" || got.Label != "//examples/cgo_optional/c:c" ||
		!slices.Equal(got.Files, []string{"length_cgo.go"}) {
		t.Errorf("got %+v", got)
	}
}
