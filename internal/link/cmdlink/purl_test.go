package cmdlink

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestParsePURL(t *testing.T) {
	for _, tt := range []struct {
		name, purl string
		want       debug.Module // without a path: no Go module
		err        string
	}{
		{name: "version and sum", purl: "pkg:golang/a.org/x@v1.2.3?checksum=h1:a%2Bb%2Fc%3D", want: debug.Module{Path: "a.org/x", Version: "v1.2.3", Sum: "h1:a+b/c="}},
		{name: "no sum", purl: "pkg:golang/a.org/x/v2@v2.0.0", want: debug.Module{Path: "a.org/x/v2", Version: "v2.0.0"}},
		{name: "no v", purl: "pkg:golang/a.org/x@1.2.3", want: debug.Module{Path: "a.org/x", Version: "v1.2.3"}},
		{name: "no version", purl: "pkg:golang/a.org/x", want: debug.Module{Path: "a.org/x", Version: "(devel)"}},
		{name: "escaped", purl: "pkg:golang/a.org%2Fx@v1.0.0%2Bincompatible#sub", want: debug.Module{Path: "a.org/x", Version: "v1.0.0+incompatible"}},
		{name: "another sum", purl: "pkg:golang/a.org/x@v1.0.0?checksum=sha256:00", want: debug.Module{Path: "a.org/x", Version: "v1.0.0"}},
		{name: "another kind", purl: "pkg:npm/left-pad@1.0.0"},
		{name: "none", purl: ""},
		{name: "no path", purl: "pkg:golang/@v1", err: "no module path"},
		{name: "a blank", purl: "pkg:golang/a%20b@v1", err: "no module path or a blank"},
		{name: "a broken escape", purl: "pkg:golang/a.org/x@v1%zz", err: "invalid URL escape"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok, err := parsePURL(tt.purl)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || ok != (tt.want.Path != "") || got != tt.want {
				t.Errorf("got %+v, %t, %v; want %+v", got, ok, err, tt.want)
			}
		})
	}
}

func TestReadPackageMetadata(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct{ text, err string }{
		"good":    {`{"label": "@@a//:b", "purl": "pkg:golang/a.org/x@v1.0.0", "attributes": {}}`, ""},
		"no JSON": {`purl`, "want a JSON object"},
		"broken":  {`{"purl": "pkg:golang/@"}`, "no module path"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(tt.text), 0o666); err != nil {
			t.Fatal(err)
		}
		m, ok, err := readPackageMetadata(file)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), file) {
				t.Errorf("%s: error %v, want %q and the file in it", name, err, tt.err)
			}
		} else if !ok || err != nil || m.Path != "a.org/x" {
			t.Errorf("%s: %+v, %t, %v", name, m, ok, err)
		}
	}
	if _, _, err := readPackageMetadata(filepath.Join(dir, "none")); err == nil {
		t.Error("a missing file gave no error")
	}
}
