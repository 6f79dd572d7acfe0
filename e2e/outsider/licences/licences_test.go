// Package licences tests what a release says of licences; run it by `bazel test`.
package licences

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func read(t *testing.T, name string, value any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(os.Getenv("RELEASE"), name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, value); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestLicences(t *testing.T) {
	var table struct {
		Modules []struct {
			Path, Version, License string
			DeclaredBy             string `json:"declared_by"`
		}
	}
	read(t, "release_1.licenses.json", &table)
	var got []string
	want := map[string]string{}
	for _, m := range table.Modules {
		got = append(got, m.Path+" "+m.Version+" is under "+m.License+" by "+m.DeclaredBy)
		want[m.Path] = m.License
	}
	if text := strings.Join(got, "\n"); text != `example.com/outsider  is under MIT by //:package_metadata
example.com/third v1.2.0 is under ISC by //licences/third:license
github.com/google/uuid v1.6.0 is under BSD-3-Clause by licenses_override` {
		t.Errorf("found:\n%s", text)
	}

	// The bill of materials says the same.
	var spdx struct {
		Packages []struct{ Name, LicenseDeclared string }
	}
	read(t, "release_1.spdx.json", &spdx)
	found := 0
	for _, p := range spdx.Packages {
		if licence, ok := want[p.Name]; ok {
			found++
			if p.LicenseDeclared != licence {
				t.Errorf("SPDX: %s is under %q, want %q", p.Name, p.LicenseDeclared, licence)
			}
		}
	}
	if found != len(want) {
		t.Errorf("SPDX has %d of %d modules", found, len(want))
	}
}
