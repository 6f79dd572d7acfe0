package exportdata

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/go3s/rules_go3s/internal/gotool"
)

// Of each package of the standard library the same imports are read as the go command reads from its sources.
func TestStandardLibrary(t *testing.T) {
	out, err := gotool.Command(t, "amd64", "list", "-export", "-json=ImportPath,Name,Export,Imports", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages, unsafe := 0, 0
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var listed struct {
			ImportPath, Name, Export string
			Imports                  []string
		}
		if err := dec.Decode(&listed); err != nil {
			t.Fatal(err)
		}
		if listed.Export == "" { // package unsafe
			continue
		}
		data, err := os.ReadFile(listed.Export)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Read(listed.ImportPath, data)
		if err != nil {
			t.Fatal(err)
		}
		packages++
		slices.Sort(listed.Imports) // their sources name some without vendor/
		if slices.Contains(p.Imports, "unsafe") {
			unsafe++
		}
		if p.Path != listed.ImportPath || p.Name != listed.Name || !slices.Equal(p.Imports, listed.Imports) {
			t.Errorf("read %+v, want %+v", p, listed)
		}
	}
	if packages < 300 || unsafe < 50 {
		t.Errorf("%d packages, of which %d import unsafe; want the whole standard library", packages, unsafe)
	}
}
