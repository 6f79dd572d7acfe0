package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of the documentation again")

// Every option of GNU strip and objcopy is taken or refused with a reason, and nothing else is called theirs.
func TestGNUOptions(t *testing.T) {
	var taken, refused, theirs []string
	for _, o := range options {
		taken = append(taken, o.names...)
	}
	for _, o := range notTaken {
		refused = append(refused, o.names...)
	}
	for line := range strings.Lines(string(read(t, filepath.Join("testdata", "gnu_options.txt")))) {
		if name := strings.TrimSpace(line); strings.HasPrefix(name, "-") {
			theirs = append(theirs, name)
		}
	}
	if len(theirs) < 120 {
		t.Fatalf("the list has %d options", len(theirs))
	}
	for _, name := range theirs {
		if a, b := slices.Contains(taken, name), slices.Contains(refused, name); a == b {
			t.Errorf("%s: taken %v, refused %v; want one of both", name, a, b)
		}
	}
	for _, name := range refused {
		if !slices.Contains(theirs, name) {
			t.Errorf("%s is refused, but it is no option of theirs", name)
		}
		elfstrip(t, exitUsage, "option "+name+" of objcopy is not for Go programs: ", name, "f")
	}
}

func TestDocumentation(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "elfstrip.md")
	const begin, end = "-update`. -->\n", "<!-- end -->\n"
	text := string(read(t, path))
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s: no place for the tables", path)
	}
	var tables bytes.Buffer
	writeOptionTables(&tables)
	want := before + begin + "\n" + tables.String() + "\n" + end + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if text != want {
		t.Errorf("%s is out of date: run `go test ./tools/elfstrip -run TestDocumentation -update`", path)
	}
}
