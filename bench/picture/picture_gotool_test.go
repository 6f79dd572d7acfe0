package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

func TestCurrent(t *testing.T) {
	r, err := read(filepath.Join(root, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	bars, err := r.bars()
	if err != nil {
		t.Fatal(err)
	}
	if got := draw(bars); got != text(t, pictureFile) {
		t.Errorf("%s is not what %s says: run `go run ./bench/picture`", pictureFile, resultsFile)
	}
	readme := text(t, readmeFile)
	want, err := replace(readme, table(r, bars))
	if err != nil {
		t.Fatal(err)
	}
	if readme != want {
		t.Errorf("the table of %s is not what %s says: run `go run ./bench/picture`", readmeFile, resultsFile)
	}
}

// What is missing is an error that names it.
func TestMissing(t *testing.T) {
	r := &results{}
	if _, err := r.bars(); err == nil || !strings.Contains(err.Error(), `as "go build"`) {
		t.Errorf("found %v, want the first variant that was not measured", err)
	}
	if _, err := replace("no table", "x"); err == nil || !strings.Contains(err.Error(), "Made by") {
		t.Errorf("found %v, want the line that is missing", err)
	}
}

func text(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
