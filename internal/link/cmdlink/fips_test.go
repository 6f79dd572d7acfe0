package cmdlink

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// A standard library with another module than the wanted one, or with none, is refused.
func TestCheckFIPS(t *testing.T) {
	release := []string{"crypto/internal/fips140", "crypto/internal/fips140/check", "runtime"}
	frozen := []string{"crypto/internal/fips140/v1.0.0-c2097c7c", "crypto/internal/fips140/v1.0.0-c2097c7c/check", "runtime"}
	for _, c := range []struct {
		std  []string
		fips string
		ok   bool
	}{
		{release, "", true},
		{release, "latest", true},
		{release, "v1.0.0-c2097c7c", false},
		{frozen, "v1.0.0-c2097c7c", true},
		{frozen, "v1.26.0", false},
		{frozen, "v1.0.0", false}, // the version is the whole name of the snapshot
		{frozen, "latest", false},
		{nil, "latest", false},
	} {
		dir := t.TempDir()
		for _, path := range c.std {
			archive := stdArchive(dir, path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(archive), 0o700), os.WriteFile(archive, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		cfg := Config{FIPS: c.fips, Stdlib: "std"}
		// The list is that of all standard libraries.
		err := cfg.checkFIPS(slices.Concat(release, frozen), dir)
		if (err == nil) != c.ok {
			t.Errorf("%s with %v: %v", c.fips, c.std, err)
		}
		if err != nil && !strings.Contains(err.Error(), "GOFIPS140="+c.fips) {
			t.Errorf("%s: %v does not say what to do", c.fips, err)
		}
	}
}

// The build setting is where the go command puts it.
func TestFIPSSetting(t *testing.T) {
	c := Config{BuildMode: ModeExe, GOOS: "linux", GOARCH: "arm64", GOEXPERIMENT: "x", FIPS: "v1.26.0", Tags: []string{"fips140v1.26"}}
	settings, err := c.settings("GOARM64=v8.0", "fips140=on")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.Index(settings, debug.BuildSetting{Key: "GOFIPS140", Value: "v1.26.0"})
	if i < 1 || settings[i-1].Key != "GOEXPERIMENT" || settings[i+1].Key != "GOOS" {
		t.Errorf("%v", settings)
	}
}
